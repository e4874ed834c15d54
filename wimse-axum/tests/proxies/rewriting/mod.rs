//! Proxies that rewrite what is signed: each call is refused, and the refusal says what was likely changed.

mod answers;
mod requests;

use answers::ANSWERS;
use requests::REQUESTS;
use wimse_core::testing::TestDomain;
use wimse_core::{Reason, Rejection, ResponseError};

use crate::client::{Call, Client, Reply};
use crate::intermediary::Program;
use crate::intermediary::{Intermediary, Setup};
use crate::service::{Seen, Service};

/// A proxy, a call that does not survive it, the reason, and what the operator's detail must name.
struct Rewriting(&'static str, Program, &'static str, Call, Reason, &'static [&'static str]);

/// The names that the detail does not have.
fn missing<'a>(rejection: &Rejection, names: &[&'a str]) -> Vec<&'a str> {
    let text = rejection.to_string().to_lowercase();
    names.iter().copied().filter(|name| !text.contains(&name.to_lowercase())).collect()
}

/// Holds every case of a table in both versions of HTTP against `judge`, which gets what the client and the service have to say.
async fn hold(
    cases: &[Rewriting],
    judge: impl Fn(&Rewriting, Result<Reply, ResponseError>, Seen) -> Result<(), String>,
) {
    let domain = TestDomain::new("example.com");
    let service = Service::start(&domain).await;
    let clients = Client::both(&domain);
    let mut wrong = Vec::new();
    for case in cases {
        let Rewriting(what, program, rules, call, ..) = case;
        let proxy = Intermediary::start(&Setup::new(*program, rules), service.address).await;
        for client in &clients {
            let reply = client.call(&proxy, call).await;
            if let Err(error) = judge(case, reply, service.seen()) {
                wrong.push(format!("{program:?}, {:?}, {what}: {error}", client.version));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn says(rejection: &Rejection, reason: Reason, names: &[&str]) -> Result<(), String> {
    if rejection.reason() != reason {
        return Err(format!("not {reason}, but {rejection}"));
    }
    match missing(rejection, names) {
        missing if missing.is_empty() => Ok(()),
        missing => Err(format!("{missing:?} not named by {rejection}")),
    }
}

#[tokio::test]
#[ignore = "needs nginx and haproxy: see .ci/run"]
async fn hsq_01_hsq_02_hsq_03_hsq_05_hsq_07_hsq_11_hsq_33_a_rewritten_request_is_refused_for_what_changed() {
    hold(REQUESTS, |Rewriting(.., reason, names), reply, seen| {
        if !seen.accepted.is_empty() || !seen.handled.is_empty() {
            return Err("accepted".to_owned());
        }
        let [rejection] = &seen.rejected[..] else { return Err(format!("not one refusal: {seen:?}")) };
        says(rejection, *reason, names)?;
        let status = reply.map_or_else(|refused| refused.unauthenticated_status(), |reply| reply.status);
        if status == rejection.status() { Ok(()) } else { Err(format!("answered with {status}")) }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs nginx and haproxy: see .ci/run"]
async fn hsr_07_hsr_11_hsr_12_hsr_13_hsr_18_a_rewritten_answer_is_refused_for_what_changed() {
    hold(ANSWERS, |Rewriting(.., reason, names), reply, seen| {
        if seen.handled.len() != 1 {
            return Err(format!("not served: {seen:?}"));
        }
        match reply {
            Ok(reply) => Err(format!("accepted: {reply:?}")),
            Err(refused) => says(refused.rejection(), *reason, names),
        }
    })
    .await;
}
