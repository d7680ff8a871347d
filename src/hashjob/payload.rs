//! What travels to the job's container: `payload.txt` in an uncompressed zip, in base 64.
//! The layout of chained jobs is between this file, `solver.py` and the devnet's miner.

use std::io::{Cursor, Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// The one file of the volume.
const FILE: &str = "payload.txt";

/// Bytes of a payload that is read; ours have 60 kB at most.
const LONGEST_PAYLOAD: u64 = 1 << 20;

/// A chained job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    pub parts: Vec<Part>,
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub hash_type: String,
    pub mask: String,
    /// Lines `hash:salt`, or a token that contains them.
    pub hashes: String,
}

/// Not a volume of ours.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableVolume {
    #[error("the volume is not base 64")]
    NotBase64(#[from] base64::DecodeError),
    #[error("the volume is not a zip with {FILE}")]
    NotZip(#[from] zip::result::ZipError),
    #[error("{FILE} cannot be read")]
    NotText(#[from] std::io::Error),
}

/// Contents of an inline volume with `payload.txt`.
pub fn pack(payload: &str) -> String {
    let written = || -> zip::result::ZipResult<Vec<u8>> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(payload.len() + 256)));
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        zip.start_file(FILE, stored)?;
        zip.write_all(payload.as_bytes())?;
        Ok(zip.finish()?.into_inner())
    };
    STANDARD.encode(written().expect("writing to memory does not fail"))
}

/// `payload.txt` of an inline volume.
///
/// # Errors
/// When the contents are something else.
pub fn unpack(contents: &str) -> Result<String, UnreadableVolume> {
    let mut zip = ZipArchive::new(Cursor::new(STANDARD.decode(contents)?))?;
    let mut payload = String::new();
    zip.by_name(FILE)?
        .take(LONGEST_PAYLOAD)
        .read_to_string(&mut payload)?;
    Ok(payload)
}
