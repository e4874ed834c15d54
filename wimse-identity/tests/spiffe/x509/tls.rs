//! What a snapshot holds is what mutual TLS needs.

use std::sync::Arc;

use rcgen::{ExtendedKeyUsagePurpose, SanType};
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use wimse_core::TrustDomain;
use wimse_identity::spiffe::X509Snapshot;

use super::issuing::Authority;
use super::{FOREIGN, OWN, builder};
use crate::agent::Agent;
use crate::credential::READY;

/// What a workload of this domain gets, which is federated with the other one.
async fn snapshot(own: &Authority, other: (&str, &Authority)) -> Arc<X509Snapshot> {
    let agent = Agent::start();
    let between = own.intermediate();
    let mut svid = between.svid_with("/a", |params| {
        params.subject_alt_names.push(SanType::DnsName("localhost".try_into().unwrap()));
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    });
    svid.x509_svid.extend(between.bundle());
    svid.bundle = own.bundle();
    agent.says_x509_and([svid], [(other.0, other.1.bundle())]);
    let source = builder(&agent).start().unwrap();
    source.handle().ready(READY).await.unwrap();
    source.snapshot().unwrap()
}

fn roots(snapshot: &X509Snapshot, domain: &str) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for authority in snapshot.bundles().authorities(&TrustDomain::parse(domain).unwrap()) {
        roots.add(authority.clone()).unwrap();
    }
    Arc::new(roots)
}

/// Whether the client, which trusts this domain, and the server come to an understanding.
async fn connects(client: &X509Snapshot, trusted: &str, server: &X509Snapshot) -> bool {
    let provider = Arc::new(default_provider());
    let chain = |snapshot: &X509Snapshot| snapshot.svid().certificate_chain().to_vec();
    let key = |snapshot: &X509Snapshot| snapshot.svid().private_key().clone_key().into();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(server, OWN), Arc::clone(&provider));
    let acceptor = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(chain(server), key(server))
        .unwrap();
    let verifier = WebPkiServerVerifier::builder_with_provider(roots(client, trusted), Arc::clone(&provider));
    let connector = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_webpki_verifier(verifier.build().unwrap())
        .with_client_auth_cert(chain(client), key(client))
        .unwrap();
    let (near, far) = tokio::io::duplex(16 * 1024);
    let name = ServerName::try_from("localhost").unwrap();
    let (connected, accepted) = tokio::join!(
        TlsConnector::from(Arc::new(connector)).connect(name, near),
        TlsAcceptor::from(Arc::new(acceptor)).accept(far),
    );
    connected.is_ok() && accepted.is_ok()
}

#[tokio::test]
async fn ta_07_wic_04_two_domains_meet_by_each_others_bundles_and_by_no_other() {
    let (own, foreign) = (Authority::new(OWN), Authority::new(FOREIGN));
    let client = snapshot(&own, (FOREIGN, &foreign)).await;
    let server = snapshot(&foreign, (OWN, &own)).await;
    assert!(connects(&client, FOREIGN, &server).await);
    assert!(!connects(&client, OWN, &server).await);
}
