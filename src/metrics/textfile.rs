//! Metrics as a file, which node_exporter may read at any moment: it is replaced as a whole.
//! It is made anew every few seconds, so it need not survive a loss of power.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::MetricsError;
use crate::durable;

/// Others read it: it holds no secrets.
const MODE: u32 = 0o644;

/// Replaces the file at `path`.
///
/// # Errors
/// The file or its folder cannot be written.
pub fn write(path: &Path, text: &str) -> Result<(), MetricsError> {
    // node_exporter reads names that end in .prom only; two writers do not share a part
    let part = durable::beside(path, &format!(".{}.part", std::process::id()));
    let replace = || {
        durable::remove(&part)?;
        let mut file = durable::create_new(&part)?;
        file.write_all(text.as_bytes())?;
        file.set_permissions(fs::Permissions::from_mode(MODE))?;
        fs::rename(&part, path)
    };
    replace().map_err(|cause| {
        // the first error is the one to be told
        let _ = fs::remove_file(&part);
        MetricsError::File {
            path: path.to_owned(),
            cause,
        }
    })
}
