//! Nothing that is shown or logged of signed messages holds a token, a proof or a signature.

use std::fmt::Write as _;

use futures_util::FutureExt;
use http::HeaderMap;
use wimse_core::trace::Steps;

use crate::by_hand::CONTENT;
use crate::failing_responses::failing_responses;
use crate::failing_signatures::failing_signatures;
use crate::responses::{Answer, Server, call, demanding};
use crate::secrecy::{Shown, logged, secrets};
use crate::{TARGET, World};

fn hidden(shown: &str, messages: &[HeaderMap]) {
    let shown = Shown::new(shown);
    let secrets: Vec<_> = messages.iter().flat_map(secrets).collect();
    assert!(secrets.len() >= messages.len());
    secrets.into_iter().for_each(|secret| shown.hides(secret));
}

#[test]
fn aud_02_hsq_39_a_full_run_of_signed_requests_shows_no_credential() {
    let world = World::new();
    let verifier = world.verifier_with_context();
    let mut requests: Vec<_> = [false, true]
        .into_iter()
        .flat_map(|wpt| failing_signatures(&world, wpt))
        .map(|f| f.request)
        .collect();
    let (one, both) = (world.signed(), world.proven_twice(|_, _| ()));
    requests.extend([one.clone(), one, both.clone(), both]);
    let mut shown = String::new();
    let log = logged(|| {
        for request in &requests {
            let mut steps = Steps::default();
            let explained = verifier.verify_traced(request, CONTENT, &mut steps).now_or_never().unwrap();
            let unchecked = verifier.verify(request).now_or_never().unwrap();
            writeln!(shown, "{explained:?} {unchecked:?} {steps:?}").unwrap();
            if let Err(rejection) = explained {
                writeln!(shown, "{rejection} {:?}", rejection.to_response()).unwrap();
            }
            match verifier.verify_head(request) {
                Ok(mut head) => {
                    head.update(CONTENT);
                    let exchange = head.exchange();
                    writeln!(shown, "{head:?} {exchange:?}").unwrap();
                    let verifying = head.finish();
                    writeln!(shown, "{verifying:?}").unwrap();
                    writeln!(shown, "{:?}", verifying.now_or_never()).unwrap();
                }
                Err(rejection) => writeln!(shown, "{rejection} {rejection:?}").unwrap(),
            }
        }
    });
    // One event for each decision, three decisions for each request.
    let events = ["request authenticated", "request refused"];
    let counts = events.map(|event| log.lines().filter(|line| line.contains(event)).count());
    assert_eq!((counts[0], counts[0] + counts[1]), (2, 3 * requests.len()));
    let messages: Vec<_> = requests.into_iter().map(|request| request.headers().clone()).collect();
    for text in [&log, &shown] {
        hidden(text, &messages);
    }
    assert!(shown.contains("HeadVerified") && shown.contains("Exchange"));
}

#[test]
fn aud_02_hsq_39_a_full_run_of_signed_responses_shows_no_credential() {
    let world = World::new();
    let server = Server::new(&world);
    let (mut shown, mut messages) = (String::new(), Vec::new());
    let log = logged(|| {
        for failing in failing_responses(&world) {
            messages.extend([failing.answer.headers.clone(), failing.call.request.headers().clone()]);
            writeln!(shown, "{:?} {:?}", failing.call.expected, failing.call.exchange).unwrap();
            let error = failing.answer.judged(failing.call.expected).unwrap_err();
            writeln!(shown, "{error} {error:?} {:?} {}", error.rejection(), error.rejection()).unwrap();
        }
        let call = call(&world);
        let answer = Answer::signed(&server, &call.exchange, 200, CONTENT);
        messages.extend([answer.headers.clone(), call.request.headers().clone()]);
        let mut verified = call.expected.verify_head(answer.status, &answer.headers).unwrap().unwrap();
        verified.update(CONTENT);
        writeln!(shown, "{verified:?}").unwrap();
        writeln!(shown, "{:?}", verified.finish().unwrap()).unwrap();
        writeln!(shown, "{:?} {:?}", demanding(&world), demanding(&world).build().unwrap()).unwrap();
    });
    messages.retain(|headers| headers.contains_key("signature"));
    for text in [&log, &shown] {
        hidden(text, &messages);
    }
    for shows in ["ExpectedResponse", "Exchange", "ResponseError", "ResponseVerified", "Callee"] {
        assert!(shown.contains(shows), "{shows}");
    }
}

#[test]
fn aud_02_what_a_signer_puts_on_messages_is_marked_sensitive() {
    let world = World::new();
    let server = Server::new(&world);
    let mut request = http::Request::get(TARGET).body(()).unwrap();
    let signer = demanding(&world).build().unwrap();
    let _ = signer.sign_request(&mut request, Some(b""), &Default::default()).unwrap();
    let answer = Answer::signed(&server, &call(&world).exchange, 200, CONTENT);
    for headers in [request.headers().clone(), answer.headers] {
        assert!(headers["signature"].is_sensitive() && headers["workload-identity-token"].is_sensitive());
        hidden(&format!("{headers:?}"), std::slice::from_ref(&headers));
    }
}

#[test]
fn aud_02_a_received_signature_is_marked_sensitive() {
    let world = World::new();
    let call = call(&world);
    let mut answer = Answer::signed(&Server::new(&world), &call.exchange, 200, CONTENT);
    answer.headers.iter_mut().for_each(|(_, value)| value.set_sensitive(false));
    let verified = call.expected.verify_head(answer.status, &answer.headers).unwrap().unwrap();
    verified.mark_sensitive(&mut answer.headers);
    hidden(&format!("{:?}", answer.headers), std::slice::from_ref(&answer.headers));

    let mut headers = world.proven_twice(|_, _| ()).headers().clone();
    world.verifier().mark_sensitive(&mut headers);
    hidden(&format!("{headers:?}"), std::slice::from_ref(&headers));
}
