//! Every attempt is signed afresh if the retry middleware comes first.
//!
//! The need: aws/aws-sdk-go#486, aws/aws-sdk-java#406, TrueLayer/reqwest-middleware#44, linkerd/linkerd2-proxy#1017.

use std::collections::HashSet;
use std::time::Duration;

use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use reqwest_retry::RetryTransientMiddleware;
use reqwest_retry::policies::ExponentialBackoff;
use wimse_core::Reason;
use wimse_core::testing::TestWorkload;
use wimse_reqwest::{RequestBuilderExt, WimseMiddleware};

use crate::fixture::{AUTHORIZATION, Service, WIT, clients, domain, signer};

pub(crate) fn retry() -> RetryTransientMiddleware<ExponentialBackoff> {
    let policy = ExponentialBackoff::builder()
        .retry_bounds(Duration::from_millis(1), Duration::from_millis(2))
        .build_with_max_retries(4);
    RetryTransientMiddleware::new_with_policy(policy)
}

fn sign(caller: &TestWorkload) -> WimseMiddleware {
    WimseMiddleware::new(signer(caller).build().unwrap())
}

fn retrying(client: reqwest::Client, caller: &TestWorkload) -> ClientWithMiddleware {
    ClientBuilder::new(client).with(retry()).with(sign(caller)).build()
}

#[tokio::test]
async fn wpt_21_amb_21_each_attempt_has_a_proof_of_its_own_and_the_same_token() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    for (_, client) in clients() {
        let service = Service::start_with(&domain, [503, 503], |builder| builder).await;
        let request = retrying(client, &caller).post(service.url("/orders")).body("two apples");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);

        let attempts = service.take();
        let callers: Vec<_> = attempts.iter().map(|seen| seen.caller()).collect();
        assert_eq!(callers, ["wimse://example.com/frontend"; 3]);
        let proofs: HashSet<_> = attempts.iter().map(|seen| seen.only(AUTHORIZATION)).collect();
        assert_eq!(proofs.len(), 3);
        let ids: HashSet<_> = service.take_proof_ids().into_iter().collect();
        assert_eq!(ids.len(), 3);
        assert!(attempts.iter().all(|seen| seen.only(WIT) == caller.token()));
    }
}

/// The other order is a mistake, and one that shows: the callee refuses the second attempt.
#[tokio::test]
async fn wpt_21_with_the_middlewares_swapped_the_repeated_proof_is_refused_as_replayed() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    for (_, client) in clients() {
        let service = Service::start_with(&domain, [503, 503], |builder| builder).await;
        let client = ClientBuilder::new(client).with(sign(&caller)).with(retry()).build();
        let response = client.get(service.url("/orders")).send().await.unwrap();
        assert_eq!(response.status(), 401);

        let attempts = service.take();
        assert_eq!(attempts.len(), 2);
        assert_eq!(attempts[0].caller(), "wimse://example.com/frontend");
        assert_eq!(attempts[1].refusal(), Reason::Replayed);
        assert_eq!(attempts[0].only(AUTHORIZATION), attempts[1].only(AUTHORIZATION));
    }
}

#[tokio::test]
async fn the_options_of_a_request_hold_for_all_its_attempts() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    for (_, client) in clients() {
        let mine = wimse_core::Audiences::exact(["orders"]);
        let service = Service::start_with(&domain, [503, 503], |builder| builder.audiences(mine)).await;
        let request = retrying(client, &caller).get(service.url("/orders"));
        let response = request.wimse(|options| options.audience("orders")).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(service.take().len(), 3);
    }
}
