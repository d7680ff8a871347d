//! TLS in front of a plain port on loopback, with a certificate authority made for one test.
//! It decrypts and copies bytes; what they mean is not known here.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

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
        let (authority, pem, acceptor) = certified();
        let folder = tempfile::tempdir().expect("a folder for the test");
        std::fs::write(folder.path().join("authority.pem"), pem).expect("a file");
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
            authority,
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

/// An authority, its PEM text, and the server side of a certificate of its own.
fn certified() -> (CertificateDer<'static>, String, TlsAcceptor) {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = params.self_signed(&key).expect("signed");
    let issuer = Issuer::new(params, key);

    let params = CertificateParams::new([HOST.to_owned()]).expect("a name");
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, &issuer).expect("signed");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("the key is the certificate's");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    (authority.der().clone(), authority.pem(), acceptor)
}
