//! The credential of the moment: exchanged, withdrawn, expired.

use wimse_core::testing::FrozenClock;
use wimse_core::{RotatingCredential, SignError, Signer};
use wimse_reqwest::WimseError;

use crate::fixture::{Service, WIT, Wire, domain, refused};

// Rotation that fails closed on withdrawal: spiffe/spire#2704, quarkusio/quarkus#55273.
#[tokio::test]
async fn wit_10_the_next_request_uses_the_new_token_and_none_is_sent_without_one() {
    let domain = domain();
    let [first, second] = [(); 2].map(|()| domain.workload("/frontend"));
    assert_ne!(first.token(), second.token());
    let service = Service::start(&domain).await;
    let wire = Wire::default();
    let credentials = RotatingCredential::pending();
    let client = wire.under(Signer::builder().credentials(credentials.clone()).allow_plaintext_loopback());
    let call = async || client.get(service.url("/orders")).send().await;

    assert_eq!(refused(call().await).reason(), "credential_unavailable");
    for current in [&first, &second, &first] {
        credentials.replace(current.credential().clone());
        assert_eq!(call().await.unwrap().status(), 200);
        assert_eq!(service.take_one().only(WIT), current.token());
    }
    credentials.withdraw();
    assert_eq!(refused(call().await).reason(), "credential_unavailable");
    assert_eq!(wire.requests(), 3);
    assert!(service.take().is_empty());
}

#[tokio::test]
async fn wit_09_an_expired_credential_signs_nothing_and_nothing_is_sent() {
    let clock = FrozenClock::at(1_800_000_000);
    let domain = domain().clock(clock.clone());
    let caller = domain.workload("/frontend");
    let service = Service::start_with(&domain, [], |builder| builder.clock(clock.clone())).await;
    let wire = Wire::default();
    let signer = Signer::builder()
        .credentials(caller.credential().clone())
        .clock(clock.clone())
        .allow_plaintext_loopback();
    let client = wire.under(signer);
    let call = async || client.get(service.url("/orders")).send().await;
    let expired_at = caller.credential().expires_at();

    clock.set(expired_at.as_secs() - 1);
    assert_eq!(call().await.unwrap().status(), 200);
    for seconds in [0, 1, 3600] {
        clock.set(expired_at.as_secs() + seconds);
        let error = refused(call().await);
        assert!(
            matches!(error, WimseError::Sign(SignError::CredentialExpired { expired_at: at }) if at == expired_at)
        );
        assert_eq!(error.reason(), "credential_expired");
    }
    assert_eq!(wire.requests(), 1);
    assert_eq!(service.take().len(), 1);
}
