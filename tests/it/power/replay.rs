//! Power goes at some moment of a recording: what is left must open, know what it has to know, and
//! hold no backup that cannot be restored.

use std::fmt;
use std::path::Path;
use std::process::Command;

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use horde_validator::scoring::Commitment;
use horde_validator::store::{Store, Way};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rusqlite::Connection;

use super::disk::{Disk, Image, Names};
use super::facts::{Facts, backups, facts};
use super::log::Happening;
use super::recording::{Recording, write};

/// When power goes, and what survives it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    seed: u64,
    /// How much has happened.
    at: usize,
    names: Names,
    luck: f64,
}

impl Cut {
    /// One in three at any moment, one in three right after something that is more than a write,
    /// and one in three right after a promise: a message to others, or the end of a command.
    pub(super) fn random(happenings: &[Happening], seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let kind = random.random_range(0..3);
        let is_awaited = |happening: &Happening| match happening {
            Happening::Said(_) | Happening::Ended => kind > 0,
            Happening::Write { .. } => false,
            _ => kind == 1,
        };
        let moments: Vec<usize> = match kind {
            0 => (0..=happenings.len()).collect(),
            _ => {
                let all = (1..).zip(happenings).filter(|(_, one)| is_awaited(one));
                all.map(|(at, _)| at).collect()
            }
        };
        Self::at(moments[random.random_range(0..moments.len())], &mut random)
    }

    pub(super) fn at(at: usize, random: &mut StdRng) -> Self {
        Self {
            seed: random.random(),
            at,
            names: if random.random() {
                Names::Journalled
            } else {
                Names::Posix
            },
            luck: [0.0, 0.1, 0.5, 0.9, 1.0][random.random_range(0..5)],
        }
    }

    pub(super) fn image(&self, base: &Image, happenings: &[Happening]) -> Image {
        let mut disk = Disk::new(base, self.names);
        for happening in &happenings[..self.at] {
            disk.happen(happening);
        }
        disk.after_power_loss(self.luck, &mut StdRng::seed_from_u64(self.seed))
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at, names, luck, ..
        } = self;
        write!(
            f,
            "power gone after {at} steps, names {names:?}, luck {luck}"
        )
    }
}

/// What must not be, after power was lost at this moment of these happenings, which are those of
/// the recording or what is left of them.
pub(super) fn violations(recording: &Recording, happenings: &[Happening], cut: Cut) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    write(&cut.image(&recording.base, happenings), root);
    let happened = &happenings[..cut.at];
    let ended = happened
        .iter()
        .filter(|one| matches!(one, Happening::Ended))
        .count();
    let mut found = Vec::new();
    let database = root.join(recording.database());
    if recording.facts[ended].is_empty()
        && let Err(error) = Store::open_or_create(&database)
    {
        return vec![format!("it cannot be made: {error:?}")];
    }
    match std::panic::catch_unwind(|| facts(root, &recording.database())) {
        Ok(Ok(left)) => found.extend(missing(recording, ended, &left)),
        Ok(Err(error)) => return vec![error],
        Err(_) => return vec!["it is not sound".to_owned()],
    }
    for happening in happened {
        if let Happening::Said(said) = happening {
            found.extend(unknown_act(&database, said));
        }
    }
    found.extend(
        backups(root)
            .iter()
            .filter_map(|name| damage(recording, root, name)),
    );
    found
}

/// What was there before the command that was cut short and would be there after it has to be there
/// now. Where it puts another database in place, all of the old one or all of the new one.
fn missing(recording: &Recording, ended: usize, left: &Facts) -> Option<String> {
    let before = &recording.facts[ended];
    let Some(after) = recording.facts.get(ended + 1) else {
        return first_missing(before, left);
    };
    match recording.restores[ended] {
        true => first_missing(before, left).and(first_missing(after, left)),
        false => first_missing(&(before & after), left),
    }
}

fn first_missing(wanted: &Facts, left: &Facts) -> Option<String> {
    let missing = wanted.difference(left).next()?;
    Some(format!("it does not know {missing}"))
}

/// What was said to others and is not in the database.
fn unknown_act(database: &Path, said: &str) -> Option<String> {
    if let Some(hash) = extrinsic(said) {
        return unknown_extrinsic(database, &hash);
    }
    let is_job = said.contains("V0InitialJobRequest");
    let planned_only = || {
        let sql = "SELECT count(*) = 0 FROM batches WHERE state != 'planned'";
        let db = Connection::open(database).expect("it opens");
        db.query_row(sql, [], |row| row.get(0)).expect("a number")
    };
    (is_job && planned_only()).then(|| "a miner was asked in a batch that did not start".to_owned())
}

/// The hash of the extrinsic that a message hands to the node.
pub(super) fn extrinsic(said: &str) -> Option<String> {
    let (_, rest) = said.split_once("\"author_submit")?;
    let (_, rest) = rest.split_once("\"0x")?;
    let (bytes, _) = rest.split_once('"')?;
    let bytes = hex::decode(bytes).expect("an extrinsic");
    Some(format!("0x{}", hex::encode(Blake2b::<U32>::digest(bytes))))
}

fn unknown_extrinsic(database: &Path, hash: &str) -> Option<String> {
    let db = Connection::open(database).expect("it opens");
    let sql = "SELECT kind FROM intents JOIN weights ON weights.id = subject
               WHERE detail ->> 'extrinsic' = ?1";
    let kind: Option<String> = db.query_row(sql, [hash], |row| row.get(0)).ok();
    if kind.is_none() {
        return Some(format!(
            "no intent and no weights of {hash}, which was sent"
        ));
    }
    let store = Store::open(database).expect("it opens");
    let rows = store.last_weights(10).expect("readable");
    let account = *horde_validator::devnet::accounts::Account::validator()
        .hotkey()
        .public();
    let lost = rows.iter().filter(|row| row.way == Way::Hash).find(|row| {
        let commitment = Commitment {
            account: &account,
            netuid: row.netuid,
            uids: &row
                .entries
                .iter()
                .map(|entry| entry.uid)
                .collect::<Vec<_>>(),
            values: &row
                .entries
                .iter()
                .map(|entry| entry.value)
                .collect::<Vec<_>>(),
            salt: Some(&row.salt),
            version_key: row.version_key,
        };
        let hash = format!("0x{}", hex::encode(commitment.hash()));
        row.salt.is_empty() || row.commit_hash != Some(hash)
    });
    lost.map(|row| format!("weights {} cannot be revealed", row.id.number()))
}

/// What is wrong with a backup that has its final name, by what the program says.
fn damage(recording: &Recording, root: &Path, name: &str) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_horde"))
        .args(["verify-backup", name])
        .env_clear()
        .envs(recording.host.settings())
        .env("HOME", root)
        .env("HORDE_DB", root.join(recording.database()))
        .env("BACKUP_DIRECTORY", root.join("backups"))
        .current_dir(root)
        .output()
        .expect("started");
    let said = String::from_utf8_lossy(&output.stderr);
    (!output.status.success()).then(|| format!("{name}: {said}"))
}
