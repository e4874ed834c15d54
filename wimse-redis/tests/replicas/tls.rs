//! A Redis that speaks TLS only.

use std::fs::write;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use wimse_redis::{BuildError, Fault, RedisReplayCache};

use crate::fleet::{Fleet, cache};
use crate::redis_server::{Directory, RedisServer, free_port};

fn named(name: &str, addresses: &[&str]) -> CertificateParams {
    let addresses: Vec<_> = addresses.iter().map(|address| (*address).to_owned()).collect();
    let mut params = CertificateParams::new(addresses).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = named("authority", &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server: see .ci/run"]
async fn a_redis_behind_tls_is_used_if_its_certificate_is_right_and_not_otherwise() {
    let (right, wrong) = (authority(), authority());
    let key = KeyPair::generate().unwrap();
    let certificate = named("redis", &["localhost"]).signed_by(&key, &right).unwrap();
    let directory = Directory::new();
    let file = |name: &str, text: String| {
        let path = directory.path().join(name);
        write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (cert, key) = (file("server.pem", certificate.pem()), file("server.key", key.serialize_pem()));
    let roots = file("roots.pem", right.pem());
    let port = free_port();
    let _redis = RedisServer::start(&[
        "--tls-port",
        &port.to_string(),
        "--tls-cert-file",
        &cert,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &roots,
    ]);
    let url = format!("rediss://localhost:{port}");
    let own = KeyPair::generate().unwrap();
    let client = named("replica", &["replica"]).signed_by(&own, &right).unwrap();
    let with = || cache(&url).client_certificate(client.pem(), own.serialize_pem()).allow_new_memory();

    let trusted = || with().root_certificates(right.pem()).build().unwrap();
    let fleet = Fleet::start([trusted(), trusted(), trusted()]).await;
    let (used, _) = fleet.accepted_again().await;
    for proof in &used {
        fleet.send_to_all(proof).await.iter().for_each(|reply| reply.assert_replayed());
    }

    let refused = [
        with().root_certificates(wrong.pem()).build().unwrap(),
        // The roots of the system do not know this authority.
        with().build().unwrap(),
        // Redis asks for a certificate, and may hang up before it says so.
        cache(&url).root_certificates(right.pem()).allow_new_memory().build().unwrap(),
    ];
    for (cache, hangs_up) in refused.iter().zip([false, false, true]) {
        for attempt in 0.. {
            let status = cache.status();
            if status == Err(Fault::Tls) || (hangs_up && attempt > 20 && status == Err(Fault::NotConnected)) {
                break;
            }
            assert!(attempt < 100, "{status:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let fleet = Fleet::start(refused).await;
    fleet.send_to_all(&fleet.proof()).await.iter().for_each(|reply| reply.assert_undecided());
    let no_pem = RedisReplayCache::builder(&url).client_certificate("no", "pem").build();
    assert_eq!(no_pem.unwrap_err(), BuildError::Certificates);
}
