//! Choices for a single request: its audience, its expected callee, no credentials.

use wimse_core::{Audience, Audiences, CalleeMap, Expectation, Reason, TrustDomain, WorkloadId};
use wimse_reqwest::RequestBuilderExt;

use crate::fixture::{AUTHORIZATION, Service, WIT, Wire, clients, domain, refused, signer, signing, through};

const CALLEE: &str = "wimse://example.com/orders";

fn callee() -> WorkloadId {
    WorkloadId::parse(CALLEE).unwrap()
}

// Audience aliases behind proxies: ietf-wg-wimse/draft-ietf-wimse-s2s-protocol#26, #175, #246.
#[tokio::test]
async fn wpt_12_an_audience_for_one_request() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let mine = Audiences::exact(["orders"]).and(Audiences::base_url("https://orders.example.com/api"));
    let service = Service::start_with(&domain, [], |builder| builder.audiences(mine)).await;
    for (_, client) in clients() {
        let client = through(client, signer(&caller));
        let request = || client.get(service.url("/orders"));
        let base = Audience::base_url("https://orders.example.com/api").unwrap();
        for request in [
            request().wimse(|options| options.audience("orders")),
            request().wimse(|options| options.audience(base)),
            // A second change keeps the first.
            request().wimse(|options| options.audience("orders")).wimse(|options| options),
        ] {
            assert_eq!(request.send().await.unwrap().status(), 200);
            assert_eq!(service.take_one().caller(), "wimse://example.com/frontend");
        }
        // It was for that one request.
        assert_eq!(request().send().await.unwrap().status(), 401);
        assert_eq!(service.take_one().refusal(), Reason::AudienceMismatch);
    }
}

#[tokio::test]
async fn wit_21_a_skipped_request_has_no_credentials_at_all() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Service::start(&domain).await;
    for (_, client) in clients() {
        let client = through(client, signer(&caller));
        let request = client.get(service.url("/health")).wimse(|options| options.skip());
        assert_eq!(request.send().await.unwrap().status(), 401);
        let seen = service.take_one();
        assert_eq!(seen.refusal(), Reason::CredentialsMissing);
        for field in [WIT, AUTHORIZATION, "workload-proof-token"] {
            assert!(!seen.headers.contains_key(field), "{seen:?}");
        }

        // The application's own credentials are none of the middleware's business then.
        let request = client.get(service.url("/health")).bearer_auth("token");
        request.wimse(|options| options.skip()).send().await.unwrap();
        assert_eq!(service.take_one().only(AUTHORIZATION), "Bearer token");
    }
}

#[tokio::test]
async fn wit_46_id_19_an_expected_callee_is_the_audience_and_no_other_workload_accepts_it() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let mine = Audiences::exact([CALLEE]);
    let service = Service::start_with(&domain, [], |builder| builder.audiences(mine)).await;
    let authority = service.base.trim_start_matches("http://");
    for (_, client) in clients() {
        let by_identifier = signer(&caller).audience(Audience::CalleeIdentifier);
        let client_of = |signer| through(client.clone(), signer);
        let expecting = |id: WorkloadId| {
            let request = client_of(signer(&caller)).get(service.url("/orders"));
            request.wimse(|options| options.audience(Audience::CalleeIdentifier).expected_callee(id))
        };
        assert_eq!(expecting(callee()).send().await.unwrap().status(), 200);
        assert_eq!(service.take_one().caller(), "wimse://example.com/frontend");

        let other = WorkloadId::parse("wimse://example.com/payments").unwrap();
        assert_eq!(expecting(other).send().await.unwrap().status(), 401);
        assert_eq!(service.take_one().refusal(), Reason::AudienceMismatch);

        let mapped = by_identifier.expected_callees(CalleeMap::new().with(authority, callee()));
        let response = client_of(mapped).get(service.url("/orders")).send().await.unwrap();
        assert_eq!(response.status(), 200);
        service.take_one();
    }
}

/// An expectation that nothing would check is an error rather than a comfort (AMB-20).
#[tokio::test]
async fn wit_46_id_20_an_expectation_that_takes_no_effect_is_refused_and_nothing_is_sent() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Service::start(&domain).await;
    let wire = Wire::default();
    let client = wire.under(signer(&caller));
    let request = || client.get(service.url("/orders"));
    let somebody = || Expectation::from(TrustDomain::parse("wimse://example.com").unwrap());
    for (request, reason) in [
        (request().wimse(|o| o.expected_callee(callee())), "callee_unverifiable"),
        (request().wimse(|o| o.expected_callee(callee()).audience("orders")), "callee_unverifiable"),
        (
            request().wimse(|o| o.audience(Audience::CalleeIdentifier).expected_callee(somebody())),
            "callee_unverifiable",
        ),
        (request().wimse(|o| o.audience(Audience::CalleeIdentifier)), "callee_unknown"),
        (request().wimse(|o| o.audience("")), "audience_unknown"),
    ] {
        assert_eq!(refused(request.send().await).reason(), reason);
    }
    let unmapped = CalleeMap::new().with("orders.internal", callee());
    let by_identifier = signer(&caller).audience(Audience::CalleeIdentifier).expected_callees(unmapped);
    let outcome = signing(by_identifier).get(service.url("/orders")).send().await;
    assert_eq!(refused(outcome).reason(), "callee_unknown");
    assert_eq!(wire.requests(), 0);
    assert!(service.take().is_empty());
}
