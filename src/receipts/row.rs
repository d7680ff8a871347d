//! One row of a published file as a receipt, or why it is none.

use std::str::FromStr;

use chrono::{DateTime, FixedOffset};

use super::records::Cells;
use crate::keys::Signature;
use crate::wire::ExecutorClass;
use crate::wire::receipt::{FinishedReceipt, Receipt, ReceiptKind, StartedReceipt};
use crate::wire::time::parse_iso;

/// Bytes of a uuid, a hotkey or a name. Real ones have at most 48.
const LONGEST_NAME: usize = 64;
/// Bytes of a score.
const LONGEST_SCORE: usize = 256;
/// Characters of a stranger's text in a message.
const LONGEST_SHOWN: usize = 40;

/// A receipt whose signatures are yet to be checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub receipt: Receipt,
    pub validator_signature: Signature,
    pub miner_signature: Signature,
}

/// Why a row is not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the file has no column `{0}`")]
    NoColumn(&'static str),
    #[error("`{0}` is missing")]
    NoCell(&'static str),
    #[error("`{0}` is not text in UTF-8")]
    NotText(&'static str),
    #[error("`{0}` is too long")]
    TooLong(&'static str),
    #[error("a row is larger than any receipt")]
    TooLarge,
    #[error("`{column}` is `{found}`, {wanted}")]
    Malformed {
        column: &'static str,
        /// Shortened and escaped.
        found: String,
        wanted: &'static str,
    },
    #[error("it is a receipt of another miner, `{0}`")]
    OtherMiner(String),
    #[error("its time, `{0}`, is far ahead of this clock")]
    Future(String),
    #[error("the miner's signature does not hold")]
    MinerSignature,
    #[error("the validator's signature does not hold")]
    ValidatorSignature,
}

impl Refusal {
    fn malformed(column: &'static str, found: &str, wanted: &'static str) -> Self {
        Self::Malformed {
            column,
            found: shown(found),
            wanted,
        }
    }
}

/// The beginning of a stranger's text, on one line.
pub(super) fn shown(text: &str) -> String {
    let mut start: String = text.chars().take(LONGEST_SHOWN).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start.escape_debug().to_string()
}

macro_rules! columns {
    ($($name:ident),+) => {
        /// Where in a row each column stands. Of two columns with one name the last counts.
        #[derive(Debug, Clone, Copy, Default)]
        pub(super) struct Columns { $($name: Option<usize>,)+ }

        impl Columns {
            pub(super) fn read(header: &Cells) -> Self {
                let mut columns = Self::default();
                for (index, name) in header.iter().enumerate() {
                    $(if name == stringify!($name).trim_start_matches("r#").as_bytes() {
                        columns.$name = Some(index);
                    })+
                }
                columns
            }
        }
    };
}

columns!(
    r#type,
    job_uuid,
    miner_hotkey,
    validator_hotkey,
    validator_signature,
    miner_signature,
    executor_class,
    time_accepted,
    max_timeout,
    time_started,
    time_took_us,
    score_str
);

impl Columns {
    /// A column without which no row can be a receipt.
    pub(super) fn missing(&self) -> Option<&'static str> {
        let needed = [
            (self.r#type, "type"),
            (self.job_uuid, "job_uuid"),
            (self.miner_hotkey, "miner_hotkey"),
            (self.validator_hotkey, "validator_hotkey"),
            (self.validator_signature, "validator_signature"),
            (self.miner_signature, "miner_signature"),
        ];
        let missing = needed.into_iter().find(|(index, _)| index.is_none());
        missing.map(|(_, name)| name)
    }

    /// The row as a receipt of this miner; nothing is copied.
    pub(super) fn parse<'a>(&self, cells: &Cells<'a>, miner: &str) -> Result<Row<'a>, Refusal> {
        let text = |index, column| text(cells, index, column);
        let name = |index, column| within(LONGEST_NAME, text(index, column)?, column);
        let kind = text(self.r#type, "type")?;
        let kind = ReceiptKind::ALL
            .into_iter()
            .find(|known| known.name() == kind)
            .ok_or_else(|| Refusal::malformed("type", kind, "which is unknown"))?;
        let job_uuid = name(self.job_uuid, "job_uuid")?;
        let miner_hotkey = name(self.miner_hotkey, "miner_hotkey")?;
        let validator_hotkey = name(self.validator_hotkey, "validator_hotkey")?;
        let (time, body) = match kind {
            ReceiptKind::Started => {
                let class = text(self.executor_class, "executor_class")?;
                let class = class
                    .parse()
                    .map_err(|_| Refusal::malformed("executor_class", class, "which is unknown"))?;
                let timeout = integer(text(self.max_timeout, "max_timeout")?, "max_timeout")?;
                let time = time(text(self.time_accepted, "time_accepted")?, "time_accepted")?;
                (time, Body::Started(class, timeout))
            }
            ReceiptKind::Finished => {
                let took = integer(text(self.time_took_us, "time_took_us")?, "time_took_us")?;
                let score = text(self.score_str, "score_str")?;
                let score = within(LONGEST_SCORE, score, "score_str")?;
                let time = time(text(self.time_started, "time_started")?, "time_started")?;
                (time, Body::Finished(took, score))
            }
        };
        if miner_hotkey != miner {
            return Err(Refusal::OtherMiner(shown(miner_hotkey)));
        }
        let signature = |index, column| {
            let found = text(index, column)?;
            Signature::from_str(found)
                .map_err(|_| Refusal::malformed(column, found, "which is no signature"))
        };
        Ok(Row {
            kind,
            job_uuid,
            miner_hotkey,
            validator_hotkey,
            time,
            body,
            miner_signature: signature(self.miner_signature, "miner_signature")?,
            validator_signature: signature(self.validator_signature, "validator_signature")?,
        })
    }
}

/// A row that has the form of a receipt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) kind: ReceiptKind,
    pub(super) job_uuid: &'a str,
    pub(super) time: DateTime<FixedOffset>,
    miner_hotkey: &'a str,
    validator_hotkey: &'a str,
    body: Body<'a>,
    miner_signature: Signature,
    validator_signature: Signature,
}

#[derive(Debug, Clone, Copy)]
enum Body<'a> {
    /// Class and seconds.
    Started(ExecutorClass, i64),
    /// Microseconds and score.
    Finished(i64, &'a str),
}

impl Row<'_> {
    pub(super) fn to_candidate(self) -> Candidate {
        let job_uuid = self.job_uuid.to_owned();
        let miner_hotkey = self.miner_hotkey.to_owned();
        let validator_hotkey = self.validator_hotkey.to_owned();
        let receipt = match self.body {
            Body::Started(executor_class, max_timeout) => Receipt::Started(StartedReceipt {
                job_uuid,
                miner_hotkey,
                validator_hotkey,
                executor_class,
                time_accepted: self.time,
                max_timeout,
            }),
            Body::Finished(time_took_us, score) => Receipt::Finished(FinishedReceipt {
                job_uuid,
                miner_hotkey,
                validator_hotkey,
                time_started: self.time,
                time_took_us,
                score_str: score.to_owned(),
            }),
        };
        Candidate {
            receipt,
            validator_signature: self.validator_signature,
            miner_signature: self.miner_signature,
        }
    }
}

fn text<'a>(
    cells: &Cells<'a>,
    index: Option<usize>,
    column: &'static str,
) -> Result<&'a str, Refusal> {
    let index = index.ok_or(Refusal::NoColumn(column))?;
    let cell = cells.get(index).ok_or(Refusal::NoCell(column))?;
    std::str::from_utf8(cell).map_err(|_| Refusal::NotText(column))
}

fn within<'a>(longest: usize, text: &'a str, column: &'static str) -> Result<&'a str, Refusal> {
    match text.len() <= longest {
        true => Ok(text),
        false => Err(Refusal::TooLong(column)),
    }
}

/// Spaces around it do no harm, as in the original.
fn integer(text: &str, column: &'static str) -> Result<i64, Refusal> {
    let digits = text.trim();
    digits
        .parse()
        .map_err(|_| Refusal::malformed(column, text, "which is no whole number"))
}

fn time(text: &str, column: &'static str) -> Result<DateTime<FixedOffset>, Refusal> {
    parse_iso(text).map_err(|_| Refusal::malformed(column, text, "which is no time with an offset"))
}
