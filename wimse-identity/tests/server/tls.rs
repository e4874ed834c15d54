//! TLS with roots of one's own.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::serve::Listener;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;
use wimse_identity::server::IdentityServer;

use crate::identity::{JOIN_TOKEN, PREFIX, SUBJECT, app};

struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.tcp.accept().await.unwrap();
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

async fn start(ca: &CertifiedIssuer<'static, KeyPair>, name: &str) -> String {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, ca).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("https://localhost:{}", tcp.local_addr().unwrap().port());
    let (_, app) = app(&origin, 60, u32::MAX);
    let listener = TlsListener { tcp, acceptor: TlsAcceptor::from(Arc::new(config)) };
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    format!("{origin}{PREFIX}")
}

async fn obtain(base: &str, roots: &str) -> Result<String, &'static str> {
    let client = IdentityServer::builder(base)
        .join_token(|| Ok::<_, String>(JOIN_TOKEN.to_owned()))
        .root_certificates(roots)
        .build()
        .unwrap();
    client.obtain().await.map(|c| c.subject().to_string()).map_err(|error| error.reason())
}

#[tokio::test]
async fn only_the_right_authority_and_name_will_do() {
    let (ca, other) = (authority(), authority());
    let base = start(&ca, "localhost").await;
    assert_eq!(obtain(&base, &ca.pem()).await.as_deref(), Ok(SUBJECT));
    assert_eq!(obtain(&base, &other.pem()).await, Err("server_unreachable"));
    let both = [other.pem(), ca.pem()].concat();
    assert_eq!(obtain(&base, &both).await.as_deref(), Ok(SUBJECT));
    let elsewhere = start(&ca, "identity.example.com").await;
    assert_eq!(obtain(&elsewhere, &ca.pem()).await, Err("server_unreachable"));
}
