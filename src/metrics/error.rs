//! What can go wrong with handing out metrics.

use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    #[error("`{}` cannot be written", path.display())]
    File {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("the certificates in `{}` cannot be used: {finding}", folder.display())]
    Certificates { folder: PathBuf, finding: String },
    #[error("stdin is not a connection: {0}")]
    NoConnection(io::Error),
}
