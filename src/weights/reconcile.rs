//! Writes of our hotkey on chain that this database does not know. After a restore they were made
//! after the backup: what is older than they are is not written again. Otherwise another server
//! writes with the same hotkey.

use chrono::TimeDelta;
use tracing::{info, warn};

use super::draft::OLDEST_BATCH;
use super::pass::{View, Writing};
use crate::pass::Failure;
use crate::store::{BatchId, UnknownWrite, WeightsState};
use crate::wire::event::EventSubtype;

/// Compares the chain with this database, once all that this database knows of is settled.
pub(super) fn unknown_writes(writing: &mut Writing<'_>, view: &View) -> Result<(), Failure> {
    let restored = writing.pass.store.restored()?;
    let is_restored = restored.is_some_and(|restored| restored.reconciled_at.is_none());
    if let Some(block) = unknown_write(writing, view)? {
        let write = UnknownWrite {
            block,
            at: writing.pass.now(),
            after_restore: is_restored,
        };
        match is_restored {
            true => let_go(writing, view, block)?,
            false => warn!(
                block,
                "the chain holds a write of this hotkey that is not from here: does another server use it?"
            ),
        }
        writing.pass.store.note_unknown_write(&write)?;
    }
    if is_restored {
        info!("the restored database is compared with the chain");
        writing.pass.store.note_reconciled(writing.pass.now())?;
    }
    Ok(())
}

/// The block of the newest write that is not ours, unless it was noticed before.
fn unknown_write(writing: &Writing<'_>, view: &View) -> Result<Option<u64>, Failure> {
    let store = &writing.pass.store;
    // a hotkey that this database has never written with was served by something else until now
    let Some(mut known) = store.newest_written_block()? else {
        return Ok(None);
    };
    let commits = view.written.commits.iter();
    let commits = commits.map(|commit| (commit.hash.to_string(), Some(commit.commit_block)));
    let timelocked = view.written.timelocked.iter();
    let timelocked =
        timelocked.map(|commit| (commit.ciphertext_hash.to_string(), commit.commit_block));
    let mut newest = None;
    for (hash, block) in commits.chain(timelocked) {
        match store.knows_commit(&hash)? {
            // a reorganisation may have moved it to a later block than the one it was seen in
            true => known = known.max(block.unwrap_or(known)),
            false => newest = newest.max(block),
        }
    }
    newest = newest.max(view.written.last_update.filter(|block| *block > known));
    let noticed = store.unknown_write()?.map_or(0, |write| write.block);
    Ok(newest.filter(|block| *block > noticed))
}

/// What the backup held as due was due before the write on chain.
fn let_go(writing: &mut Writing<'_>, view: &View, block: u64) -> Result<(), Failure> {
    let reason =
        format!("block {block} holds newer weights, written after the backup that was restored");
    for row in writing.pass.store.open_weights()? {
        if row.state == WeightsState::Decided {
            let event = writing.failure(EventSubtype::GivingUp, row.id, &reason);
            writing
                .pass
                .store
                .give_up_weights(row.id, &reason, &event)?;
        }
    }
    let head = i64::try_from(view.head.block()).unwrap_or(i64::MAX);
    let since = writing.pass.now() - OLDEST_BATCH - TimeDelta::days(1);
    let batches = writing.pass.store.unscored_batches(since, head)?;
    let batches: Vec<BatchId> = batches.into_iter().map(|batch| batch.id).collect();
    if !batches.is_empty() {
        let event = writing.about_batches(EventSubtype::GivingUp, &reason);
        writing.pass.store.supersede_batches(&batches, &event)?;
    }
    writing.say(reason);
    Ok(())
}
