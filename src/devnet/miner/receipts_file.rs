//! Misbehaviours to choose from where a miner is asked for its receipts.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use futures_util::{Stream, StreamExt, stream};

use super::receipts::{HEADER, PublishedReceipts, line, receipts_of_job};
use crate::keys::{Hotkey, Keypair};
use crate::wire::receipt::Receipt;
use crate::wire::to_miner::Signed;

/// Of files that are meant to be too large.
const ENDLESS: u64 = 10 << 30;
/// Until what was written has left.
const BREATH: Duration = Duration::from_millis(200);
const BLOCK: usize = 64 << 10;
/// Rows that are made at a time.
const ROWS: u32 = 256;

/// What a miner publishes in place of its receipts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiptsFile {
    Honest,
    /// No answer, on a connection that stands.
    Silent,
    /// The head of the answer and the first rows, then nothing on a connection that stands.
    Hangs,
    /// All rows, and a connection that breaks in the middle of one more.
    BreaksOff,
    /// Its receipts over and over, 10 GiB of them.
    Endless,
    /// So many rows that look right, with signatures that do not hold.
    Forged {
        rows: u32,
    },
    /// What another miner has countersigned.
    Anothers,
    /// 10 GiB of bytes that are no text.
    Garbage,
    /// A line that begins like a receipt and has 10 GiB.
    OneLine,
    Status(u16),
    Redirect(String),
}

impl ReceiptsFile {
    /// The answer of a miner that has these receipts; `None`: it never answers.
    pub(super) fn answer(&self, honest: &PublishedReceipts, miner: &Hotkey) -> Option<Response> {
        let csv = honest.csv();
        let repeat = |block: String| {
            let times = ENDLESS / block.len().max(1) as u64;
            stream::repeat(block).take(usize::try_from(times).unwrap_or(usize::MAX))
        };
        let answer = match self {
            Self::Honest => ([(CONTENT_TYPE, "text/csv")], csv).into_response(),
            Self::Silent => return None,
            Self::Hangs => streamed(stream::iter([csv]).chain(stream::pending())),
            Self::BreaksOff => {
                let pieces = stream::iter([csv, "JobStartedReceipt,0x".to_owned()].map(Ok));
                let broken = stream::once(async {
                    // what is written together with the end would be lost with it
                    tokio::time::sleep(BREATH).await;
                    Err(io::Error::from(io::ErrorKind::ConnectionAborted))
                });
                Body::from_stream(pieces.chain(broken)).into_response()
            }
            Self::Endless => streamed(stream::iter([csv]).chain(repeat(blocks(honest.lines())))),
            Self::Forged { rows } => forged(*rows, *miner),
            Self::Anothers => {
                let [another, validator] = [0xa0, 0xa1].map(|seed| Keypair::from_seed(&[seed; 32]));
                let mut published = PublishedReceipts::default();
                for job in 0..ROWS {
                    let hotkeys = [another.hotkey(), validator.hotkey()];
                    for receipt in receipts_of_job(job, Utc::now(), &hotkeys[0], &hotkeys[1]) {
                        published.publish(receipt, &validator, &another);
                    }
                }
                published.csv().into_response()
            }
            Self::Garbage => {
                let block = Bytes::from([0xff, 0x00, b'"', b',', b'\n', 0xfe].repeat(BLOCK / 6));
                let times = usize::try_from(ENDLESS).unwrap_or(usize::MAX) / block.len();
                let garbage = stream::repeat(block).take(times);
                let header = Bytes::from(format!("{HEADER}\r\n"));
                let pieces = stream::iter([header]).chain(garbage);
                Body::from_stream(pieces.map(Ok::<_, io::Error>)).into_response()
            }
            Self::OneLine => {
                let begin = format!("{HEADER}\r\nJobStartedReceipt,0x");
                streamed(stream::iter([begin]).chain(repeat("f".repeat(BLOCK))))
            }
            Self::Status(status) => StatusCode::from_u16(*status)
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
                .into_response(),
            Self::Redirect(to) => (StatusCode::FOUND, [(LOCATION, to.as_str())]).into_response(),
        };
        Some(answer)
    }
}

fn streamed(pieces: impl Stream<Item = String> + Send + 'static) -> Response {
    Body::from_stream(pieces.map(Ok::<_, io::Error>)).into_response()
}

/// The same text as often as fills a block.
fn blocks(text: String) -> String {
    match text.len() {
        0 => "\r\n".repeat(BLOCK / 2),
        length => text.repeat(BLOCK.div_ceil(length)),
    }
}

/// Each row has a job of its own, and signatures over another text.
fn forged(rows: u32, miner: Hotkey) -> Response {
    let keypair = Keypair::from_seed(&[0xa2; 32]);
    let signature = keypair.sign(b"another text");
    let made = (0..rows).step_by(ROWS as usize).map(move |first| {
        let mut text = String::new();
        for job in first..rows.min(first + ROWS) {
            let [started, _] = receipts_of_job(job, Utc::now(), &miner, &keypair.hotkey());
            if let Receipt::Started(receipt) = started {
                let signed = Signed::new(receipt, signature);
                text.push_str(&line(&signed, &signature));
                text.push_str("\r\n");
            }
        }
        text
    });
    let header = format!("{HEADER}\r\n");
    streamed(stream::iter(std::iter::once(header).chain(made)))
}
