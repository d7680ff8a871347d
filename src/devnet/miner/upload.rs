//! Where the output of a job goes that has ended well: what it printed as `stdout.txt` of a zip;
//! the file that is asked for, or what it printed where there is no such file.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::time::Duration;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::container::Exit;
use crate::http::{Client, HttpError, Limits};
use crate::wire::OutputUpload;
use crate::wire::upload::{FilePut, FileUpload, ZipPut, ZipUpload};

const LIMITS: Limits = Limits {
    idle: Duration::from_secs(10),
    total: Duration::from_secs(60),
    bytes: 1 << 16,
};

#[derive(Debug, thiserror::Error)]
pub(super) enum NotUploaded {
    #[error("the output can only be put, not posted")]
    Post,
    #[error("the output cannot be put: {0}")]
    Http(#[from] HttpError),
}

/// Puts the output to every address that is asked for.
///
/// # Errors
/// At the first one that does not take it.
pub(super) async fn upload(to: &OutputUpload, exit: &Exit) -> Result<(), NotUploaded> {
    match to {
        OutputUpload::ZipAndHttpPut(put) => put_zip(put, &exit.stdout).await,
        OutputUpload::SingleFilePut(put) => put_file(put, exit).await,
        OutputUpload::MultiUpload {
            uploads,
            system_output,
        } => {
            for one in uploads {
                match one {
                    FileUpload::SingleFilePut(put) => put_file(put, exit).await?,
                    FileUpload::SingleFilePost(_) => return Err(NotUploaded::Post),
                }
            }
            match system_output {
                Some(ZipUpload::ZipAndHttpPut(put)) => put_zip(put, &exit.stdout).await,
                Some(ZipUpload::ZipAndHttpPost(_)) => Err(NotUploaded::Post),
                None => Ok(()),
            }
        }
        OutputUpload::ZipAndHttpPost(_) | OutputUpload::SingleFilePost(_) => Err(NotUploaded::Post),
    }
}

async fn put_zip(to: &ZipPut, stdout: &str) -> Result<(), NotUploaded> {
    put(&to.url, &BTreeMap::new(), zipped(stdout)).await
}

async fn put_file(to: &FilePut, exit: &Exit) -> Result<(), NotUploaded> {
    let headers = to.signed_headers.clone().unwrap_or_default();
    let file = exit.files.get(&to.relative_path).cloned();
    let content = file.unwrap_or_else(|| exit.stdout.clone().into_bytes());
    put(&to.url, &headers, content).await
}

async fn put(
    url: &str,
    headers: &BTreeMap<String, String>,
    body: Vec<u8>,
) -> Result<(), NotUploaded> {
    // a test has no main that has done so; a provider that is there stays
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::for_strangers(LIMITS);
    Ok(client.put(url, headers, body).await?)
}

fn zipped(stdout: &str) -> Vec<u8> {
    let written = || -> zip::result::ZipResult<Vec<u8>> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(stdout.len() + 256)));
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        zip.start_file("stdout.txt", stored)?;
        zip.write_all(stdout.as_bytes())?;
        Ok(zip.finish()?.into_inner())
    };
    written().expect("writing to memory does not fail")
}
