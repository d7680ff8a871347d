//! The file of one miner, from the request to its end. What is in memory of it is one piece, one
//! chunk of rows that fills, and those that are being checked, of which there are no more than
//! cores, whosever they are.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Limits;
use super::check::check;
use super::file::FileReader;
use super::report::{Rows, Tally};
use super::row::{Candidate, Refusal, Row};
use super::standing::{Standing, Worth};
use crate::http::{Body, Client, HttpError};
use crate::miner::MinerAddress;
use crate::store::SignedReceipt;

/// Receipts that are checked together: enough that checking them together pays.
const CHUNK: usize = 512;

/// What all downloads share.
pub(super) struct Common {
    pub(super) client: Client,
    pub(super) limits: Limits,
    /// One permit for each chunk that may be checked at the same time. They are given in the
    /// order in which they are asked for, so a large file does not keep small ones waiting.
    pub(super) cores: Arc<Semaphore>,
    pub(super) stop: CancellationToken,
}

/// What came of one miner.
pub(super) struct Downloaded {
    pub(super) miner: MinerAddress,
    pub(super) tally: Tally,
    pub(super) end: End,
}

pub(super) enum End {
    Complete,
    /// By a signal.
    Stopped,
    /// Why the file was not read to its end.
    Failed(String),
}

impl From<HttpError> for End {
    fn from(error: HttpError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Fetches the file of this miner and hands on the receipts in it that hold.
pub(super) async fn download(
    miner: MinerAddress,
    standing: Standing,
    common: Arc<Common>,
    found: mpsc::Sender<Vec<SignedReceipt>>,
) -> Downloaded {
    let mut reading = Reading {
        file: FileReader::new(miner.hotkey.as_str()),
        standing,
        chunk: Vec::new(),
        tally: Arc::default(),
        checks: JoinSet::new(),
        common: common.clone(),
        found,
    };
    let end = reading.fetch(&miner.receipts_url()).await;
    let end = end.err().unwrap_or(End::Complete);
    // what is being checked still counts
    while let Some(checked) = reading.checks.join_next().await {
        checked.expect("checking does not panic");
    }
    let tally = std::mem::take(&mut *tally(&reading.tally));
    Downloaded { miner, tally, end }
}

struct Reading {
    file: FileReader,
    standing: Standing,
    chunk: Vec<Candidate>,
    tally: Arc<Mutex<Tally>>,
    checks: JoinSet<()>,
    common: Arc<Common>,
    found: mpsc::Sender<Vec<SignedReceipt>>,
}

impl Reading {
    async fn fetch(&mut self, url: &str) -> Result<(), End> {
        let common = self.common.clone();
        let mut body = tokio::select! {
            body = common.client.get(url) => body?,
            () = common.stop.cancelled() => return Err(End::Stopped),
        };
        let read = self.read(&mut body).await;
        if !common.stop.is_cancelled() {
            // also of a file that broke off
            self.check_chunk(1).await;
        }
        read
    }

    async fn read(&mut self, body: &mut Body) -> Result<(), End> {
        let common = self.common.clone();
        loop {
            let piece = tokio::select! {
                piece = body.piece() => piece?,
                () = common.stop.cancelled() => return Err(End::Stopped),
            };
            self.take(piece.as_ref().map(AsRef::as_ref));
            if let Some(refusal) = self.file.hopeless() {
                let refusal = refusal.clone();
                tally(&self.tally).refuse(refusal);
                return Ok(());
            }
            if piece.is_none() {
                return Ok(());
            }
            body.grant(self.check_chunk(CHUNK).await);
            self.refuse_liars()?;
        }
    }

    /// Sorts the rows of a piece by what is worth checking.
    fn take(&mut self, piece: Option<&[u8]>) {
        let mut tally = tally(&self.tally);
        let (standing, chunk) = (&mut self.standing, &mut self.chunk);
        self.file.rows(piece, |row: Result<Row, Refusal>| {
            match row.and_then(|row| Ok((standing.judge(&row)?, row))) {
                Ok((Worth::Checking, row)) => chunk.push(row.to_candidate()),
                Ok((Worth::Nothing, _)) => tally.rows.known += 1,
                Ok((Worth::NoRoom, _)) => tally.rows.dropped += 1,
                Err(refusal) => tally.refuse(refusal),
            }
        });
    }

    /// Has receipts checked as long as there are so many, and says how long that kept it waiting.
    async fn check_chunk(&mut self, least: usize) -> Duration {
        let begun = Instant::now();
        while self.chunk.len() >= least {
            let rest = self.chunk.split_off(self.chunk.len().min(CHUNK));
            let chunk = std::mem::replace(&mut self.chunk, rest);
            let core = self.common.cores.clone().acquire_owned().await;
            let core = core.expect("the permits are never taken away");
            let (found, to) = (self.found.clone(), self.tally.clone());
            self.checks.spawn_blocking(move || {
                let checked = check(chunk);
                tally(&to).add(&checked);
                if !checked.good.is_empty() {
                    // nobody takes them once the database has failed
                    let _ = found.blocking_send(checked.good);
                }
                drop(core);
            });
        }
        // a file is checked on several cores once a part of it was found good
        let is_trusted = |rows: &Rows| rows.good > 0 && rows.false_ones == 0;
        while !self.checks.is_empty() && !is_trusted(&tally(&self.tally).rows) {
            self.checks.join_next().await;
        }
        // not to gather what is long done
        while self.checks.try_join_next().is_some() {}
        begun.elapsed()
    }

    fn refuse_liars(&mut self) -> Result<(), End> {
        let false_rows = tally(&self.tally).rows.false_ones;
        if false_rows < self.common.limits.false_rows {
            return Ok(());
        }
        self.chunk.clear();
        Err(End::Failed(format!(
            "the signatures of {false_rows} rows do not hold, the rest is not read"
        )))
    }
}

fn tally(of: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
