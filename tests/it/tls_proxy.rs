//! TLS in front of a plain port on loopback, with a certificate authority made for one test.
//! It decrypts and copies bytes; what they mean is not known here.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::certificate::Certified;

/// The host of the certificate.
const HOST: &str = "localhost";

pub(crate) struct TlsProxy {
    port: u16,
    folder: tempfile::TempDir,
    authority: CertificateDer<'static>,
    _connections: JoinSet<()>,
}

impl TlsProxy {
    /// Copies what comes to `port` of loopback.
    pub(crate) async fn before(port: u16) -> Self {
        let certified = Certified::new(HOST);
        let acceptor = acceptor(&certified);
        let folder = tempfile::tempdir().expect("a folder for the test");
        std::fs::write(
            folder.path().join("authority.pem"),
            certified.authority_pem(),
        )
        .expect("a file");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let own_port = listener.local_addr().expect("bound").port();
        let mut connections = JoinSet::new();
        connections.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                open.spawn(pass_on(socket, acceptor.clone(), port));
            }
        });
        Self {
            port: own_port,
            folder,
            authority: certified.authority(),
            _connections: connections,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("wss://{HOST}:{}/ws/v0/", self.port)
    }

    /// The file of the authority, for `SSL_CERT_FILE`.
    pub(crate) fn authority_file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// The same certificate, for a client in this process.
    pub(crate) fn authority(&self) -> CertificateDer<'static> {
        self.authority.clone()
    }
}

async fn pass_on(socket: TcpStream, acceptor: TlsAcceptor, port: u16) {
    let (Ok(mut outside), Ok(mut inside)) = (
        acceptor.accept(socket).await,
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await,
    ) else {
        return;
    };
    // either side may end it in any way
    let _ = copy_bidirectional(&mut outside, &mut inside).await;
}

fn acceptor(certified: &Certified) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_no_client_auth()
        .with_single_cert(vec![certified.certificate()], certified.key())
        .expect("the key is the certificate's");
    TlsAcceptor::from(Arc::new(config))
}
