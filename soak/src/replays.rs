//! Somebody who records requests and sends them again: at once to both replicas, and later to either.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use http::{HeaderMap, Method, Request};
use reqwest::{Client, StatusCode};
use wimse::{Proof, SignOptions, Signer};

use crate::BoxError;
use crate::callers::Caller;
use crate::ledger::Ledger;
use crate::service::SERVICE;

const ME: &str = "replayer";

/// How many recorded requests are kept.
const KEPT: usize = 5_000;

/// The fields of a request for the orders, or of one that places an order, signed and not sent yet.
pub(crate) fn signed(signer: &Signer, content: &[u8]) -> Result<HeaderMap, BoxError> {
    let method = if content.is_empty() { Method::GET } else { Method::POST };
    let mut request = Request::builder().method(method).uri(format!("{SERVICE}/orders")).body(())?;
    let _ = signer.sign_request(&mut request, Some(content), &SignOptions::default())?;
    Ok(request.into_parts().0.headers)
}

/// Replays for ever.
pub(crate) async fn replay(caller: Caller, bases: Vec<String>, ledger: Arc<Ledger>) -> Result<(), BoxError> {
    let signers = [caller.signer(Proof::Wpt)?, caller.signer(Proof::HttpSignature)?];
    let [one, other] = bases.as_slice() else { return Err("two replicas".into()) };
    let (client, mut recorded) = (Client::new(), VecDeque::new());
    for (round, signer) in (0..).zip(signers.iter().cycle()) {
        let (fields, began) = (signed(signer, b"")?, Instant::now());
        let answers = tokio::join!(send(&client, one, &fields), send(&client, other, &fields));
        let count = |is: fn(StatusCode) -> bool| {
            [answers.0, answers.1].into_iter().flatten().filter(|s| is(*s)).count()
        };
        let (accepted, refused) = (count(|status| status.is_success()), count(is_refusal));
        match (accepted, refused) {
            (1, 1) => ledger.fine(ME, "sent to both, one accepted"),
            (0 | 1, _) if ledger.may_be_unavailable(began) => {
                ledger.fine(ME, "sent to both during an outage");
            }
            _ => ledger.wrong(ME, format_args!("sent to both: {answers:?}")),
        }
        // What was not accepted may still be, once.
        if accepted == 1 {
            recorded.push_back(fields);
        }
        if recorded.len() > KEPT {
            recorded.pop_front();
        }
        // One from somewhere in the past, to the replica whose turn it is.
        let at = (round * 7_919) % recorded.len().max(1);
        let (began, base) = (Instant::now(), if round % 4 < 2 { one } else { other });
        if let Some(old) = recorded.get(at).filter(|_| at + 1 < recorded.len()) {
            match send(&client, base, old).await {
                Some(status) if is_refusal(status) => ledger.fine(ME, "sent again later, refused"),
                Some(status) if ledger.unavailable(ME, status, began) => {}
                answer => ledger.wrong(ME, format_args!("sent again later: {answer:?}")),
            }
        }
    }
    Ok(())
}

/// Of a proof token, of a signature.
fn is_refusal(status: StatusCode) -> bool {
    [StatusCode::UNAUTHORIZED, StatusCode::BAD_REQUEST].contains(&status)
}

async fn send(client: &Client, base: &str, fields: &HeaderMap) -> Option<StatusCode> {
    let response = client.get(format!("{base}/orders")).headers(fields.clone()).send().await.ok()?;
    let status = response.status();
    response.bytes().await.ok().map(|_| status)
}
