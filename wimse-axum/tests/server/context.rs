//! Context tokens: a handler gets those that the proof covers, and no others.

use axum::Router;
use axum::routing::get;
use wimse_axum::Workload;
use wimse_core::testing::TestWorkload;
use wimse_core::{Audience, SignOptions};

use crate::fixture::{BASE, Server, clients, domain, verifier_with};

const USER: &str = "x-user-token";

/// Answers with everything that may take part in authorization.
async fn covered(caller: Workload) -> String {
    let context = caller.context();
    let value = |name: &http::HeaderName| context.get(name.as_str()).unwrap().to_str().unwrap();
    let mut fields: Vec<_> = context.fields().map(|name| format!("{name}={}", value(name))).collect();
    fields.sort();
    fields.join(" ")
}

struct Case {
    /// Fields that the signer sees, in the request.
    before: &'static [(&'static str, &'static str)],
    /// Fields that somebody adds on the way.
    after: &'static [(&'static str, &'static str)],
    /// What the signer has been told to cover.
    covers: &'static [&'static str],
    outcome: Result<&'static str, &'static str>,
}

const CASES: [Case; 9] = [
    Case { before: &[], after: &[], covers: &[USER], outcome: Ok("") },
    Case { before: &[(USER, "alice")], after: &[], covers: &[USER], outcome: Ok("x-user-token=alice") },
    Case {
        before: &[("txn-token", "t.x.n"), (USER, "alice")],
        after: &[],
        covers: &[USER],
        outcome: Ok("txn-token=t.x.n x-user-token=alice"),
    },
    // A field that is not listed is no context token: the handler's context does not have it (WPT-32).
    Case { before: &[("x-other", "bob")], after: &[("x-more", "carol")], covers: &[], outcome: Ok("") },
    Case { before: &[(USER, "alice")], after: &[], covers: &[], outcome: Err("context_token_not_covered") },
    Case {
        before: &[],
        after: &[(USER, "mallory")],
        covers: &[USER],
        outcome: Err("context_token_not_covered"),
    },
    Case {
        before: &[(USER, "alice")],
        after: &[(USER, "mallory")],
        covers: &[USER],
        outcome: Err("context_token_mismatch"),
    },
    Case { before: &[], after: &[("txn-token", "t.x.n")], covers: &[], outcome: Err("txn_token_mismatch") },
    Case {
        before: &[("x-other", "bob")],
        after: &[],
        covers: &["x-other"],
        outcome: Err("context_token_unknown"),
    },
];

#[tokio::test]
async fn wpt_25_wpt_30_wpt_31_wpt_32_a_context_token_reaches_the_handler_only_when_covered() {
    let domain = domain();
    let caller: TestWorkload = domain.workload("/frontend");
    let verifier = verifier_with(&domain, |builder| builder.context_tokens([USER]));
    let app = Router::new().route("/orders", get(covered)).layer(wimse_axum::authenticate(verifier));
    let server = Server::start(app).await;
    let options = SignOptions::default().audience(Audience::base_url(BASE).unwrap());
    for client in clients() {
        for Case { before, after, covers, outcome } in CASES {
            let mut request = server.get("/orders");
            let headers = request.headers_mut();
            for (name, value) in before {
                headers.append(*name, value.parse().unwrap());
            }
            let signer = caller.signer().context_tokens(covers).build().unwrap();
            let _ = signer.sign_request(&mut request, None, &options).unwrap();
            for (name, value) in after {
                request.headers_mut().append(*name, value.parse().unwrap());
            }
            let reply = client.send(request).await;
            match outcome {
                Ok(context) => assert_eq!(reply.ok(), context),
                Err(reason) => reply.assert_refused(401, reason),
            }
        }
    }
}
