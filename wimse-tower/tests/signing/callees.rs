//! Who may have signed a response (identifier §5, workload-creds §1.3).

use http::{Request, Response};
use tower::{Layer, Service, ServiceExt, service_fn};
use wimse_core::testing::TestDomain;
use wimse_core::{Callee, CalleeMap, Expectation, Proof, SignError, SignOptions, TrustDomain};
use wimse_tower::{BoxError, SignLayer};

use crate::fixture::{
    ENOUGH, ORDERS, Orders, Received, checking, clients, domain, echo, own_signer, post, refused, signing,
    strict,
};
use crate::script::Script;

#[tokio::test]
async fn hsr_22_amb_20_only_the_expected_workload_may_have_signed() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    let of = |name: &str| Expectation::from(TrustDomain::parse(&format!("wimse://{name}")).unwrap());
    let whom = |path: &str| Expectation::from(domain.id(path));
    for (_, client) in clients() {
        let mut client = signing(client, strict(&domain, &service.base), ENOUGH);
        for (expected, right) in [
            (whom("/orders"), true),
            (of("example.com"), true),
            (whom("/payments"), false),
            (whom("/orders/7"), false),
            (of("example.org"), false),
        ] {
            let mut request = post(service.url("/orders"), Script::of(&["two apples"]));
            request.extensions_mut().insert(SignOptions::default().expected_callee(expected.clone()));
            let outcome = client.ready().await.unwrap().call(request);
            if right {
                let received = Received::of(outcome.await.unwrap()).await.unwrap();
                assert_eq!(received.from(), (200, Some(ORDERS)), "{expected:?}");
            } else {
                assert_eq!(refused(outcome).await, (200, "callee_unexpected"), "{expected:?}");
            }
        }
    }
}

#[tokio::test]
async fn hsr_22_ta_07_a_workload_of_another_domain_is_somebody_else() {
    let (domain, other) = (domain(), TestDomain::new("example.org"));
    let own = own_signer(&other);
    let service = Orders::start_with(&domain, |layer| layer.sign_responses(own), echo).await;
    let both = || domain.trust_anchors().domain("example.org", other.jwk_set()).unwrap();
    for (_, client) in clients() {
        for (signer, reason) in [
            (strict(&domain, &service.base), "trust_domain_unknown"),
            (strict(&domain, &service.base).response_anchors(both()), "callee_unexpected"),
        ] {
            let client = signing(client.clone(), signer, ENOUGH);
            let outcome = client.oneshot(post(service.url("/orders"), Script::default()));
            assert_eq!(refused(outcome).await, (200, reason));
        }
    }
}

#[tokio::test]
async fn hsr_22_amb_20_a_callee_that_nobody_named_is_not_called() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    let port_missing = CalleeMap::new().with("127.0.0.1", domain.id("/orders"));
    for (_, client) in clients() {
        for signer in [
            strict(&domain, "http://orders.internal"),
            strict(&domain, &service.base).expected_callees(port_missing.clone()),
        ] {
            let client = signing(client.clone(), signer, ENOUGH);
            let error = client.oneshot(post(service.url("/orders"), Script::default())).await.err().unwrap();
            assert_eq!(error.downcast_ref(), Some(&SignError::CalleeUnknown));
        }
        // An expectation that nothing would check is an error rather than a comfort.
        let mut request = post(service.url("/orders"), Script::default());
        request.extensions_mut().insert(SignOptions::default().expected_callee(domain.id("/orders")));
        let lenient = signing(client, checking(&domain, &service.base), ENOUGH);
        let error = lenient.oneshot(request).await.err().unwrap();
        assert_eq!(error.downcast_ref(), Some(&SignError::CalleeUnverifiable));
    }
    assert!(service.take().is_empty());
}

/// Of a cache inside the layer, say.
#[tokio::test]
async fn hsr_20_a_callee_that_an_inner_service_left_in_the_extensions_does_not_count() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    let [(_, client), _] = clients();
    let signed = signing(client, strict(&domain, &service.base), ENOUGH);
    let signed = signed.oneshot(post(service.url("/orders"), Script::default())).await.unwrap();
    let stale = signed.extensions().get::<Callee>().unwrap().clone();
    let cache = service_fn(move |_: Request<Script>| {
        let response = Response::builder().extension(stale.clone()).body(Script::default()).unwrap();
        async { Ok::<_, BoxError>(response) }
    });
    let layer = SignLayer::new(checking(&domain, &service.base).build().unwrap());
    for options in
        [SignOptions::default(), SignOptions::default().proof(Proof::Wpt), SignOptions::default().skip()]
    {
        let mut request = post(service.url("/orders"), Script::default());
        request.extensions_mut().insert(options);
        let response = layer.layer(cache.clone()).oneshot(request).await.unwrap();
        assert!(response.extensions().get::<Callee>().is_none());
    }
}
