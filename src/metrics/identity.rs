//! Who the endpoint is, and whom it lets in: a certificate with its key, and the authority that
//! signs the certificates of clients. The three files are there together, or none of them.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::MetricsError;

const CERTIFICATE: &str = "cert.crt";
const KEY: &str = "cert.key";
const AUTHORITY: &str = "ca.crt";

/// With it the endpoint speaks TLS, and to nobody without a certificate of that authority.
#[derive(Clone, Debug)]
pub struct Identity(pub(super) Arc<ServerConfig>);

impl Identity {
    /// Reads `cert.crt`, `cert.key` and `ca.crt` of a folder; `None`: it has none of them.
    ///
    /// # Errors
    /// One or two of them are there, or they cannot be used. Never falls back to clear text.
    pub fn read(folder: &Path) -> Result<Option<Self>, MetricsError> {
        let names = [CERTIFICATE, KEY, AUTHORITY];
        let missing: Vec<&str> = names
            .into_iter()
            .filter(|name| !folder.join(name).exists())
            .collect();
        if missing.len() == names.len() {
            return Ok(None);
        }
        let unusable = |finding| MetricsError::Certificates {
            folder: folder.to_owned(),
            finding,
        };
        if !missing.is_empty() {
            return Err(unusable(format!("{} is missing", missing.join(" and "))));
        }
        let config = config(folder).map_err(unusable)?;
        Ok(Some(Self(Arc::new(config))))
    }
}

fn config(folder: &Path) -> Result<ServerConfig, String> {
    let mut clients = RootCertStore::empty();
    for certificate in certificates(folder, AUTHORITY)? {
        clients
            .add(certificate)
            .map_err(|error| format!("{AUTHORITY}: {error}"))?;
    }
    let verifier = WebPkiClientVerifier::builder(Arc::new(clients))
        .build()
        .map_err(|error| format!("{AUTHORITY}: {error}"))?;
    let key = PrivateKeyDer::from_pem_file(folder.join(KEY))
        .map_err(|error| format!("{KEY}: {error}"))?;
    ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificates(folder, CERTIFICATE)?, key)
        .map_err(|error| format!("{CERTIFICATE}: {error}"))
}

fn certificates(folder: &Path, name: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = CertificateDer::pem_file_iter(folder.join(name))
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| format!("{name}: {error}"))?;
    match found.is_empty() {
        true => Err(format!("{name} holds no certificate")),
        false => Ok(found),
    }
}
