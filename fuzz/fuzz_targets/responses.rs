#![no_main]
//! Whole responses: a request is signed and answered, the answer is changed on the way and held against the request. It
//! is accepted if nothing that its signature covers was changed, and refused if anything was, if another workload made it or
//! for another request, or if its signature is gone where one was demanded.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use libfuzzer_sys::fuzz_target;
use wimse_core::testing::FrozenClock;
use wimse_core::{Exchange, ExpectedResponse, Proof, Revision, SignOptions};
use wimse_fuzz::{CALLEE, CALLER, Draw, NOW, Signed, View, decided, server, signer, timed, verifier};

const STATUSES: [u16; 6] = [200, 201, 404, 500, 204, 304];
const CONTENTS: [&[u8]; 4] = [b"", b"{}", b"{\"a\":1}", b"x"];
const NAMES: [&str; 9] = [
    "content-type",
    "content-digest",
    "workload-identity-token",
    "signature",
    "signature-input",
    "set-cookie",
    "x-other",
    "authorization",
    "location",
];
const VALUES: [&str; 8] = [
    "application/json",
    "text/plain",
    "a",
    "",
    "sha-256=:AAAA:",
    "other=(\"@status\");tag=\"other\"",
    "other=:AAAA:",
    "wimse=(\"@status\");tag=\"wimse-workload-to-workload\"",
];

fuzz_target!(|data: &[u8]| {
    timed(|| run(&mut Draw::new(data)));
});

#[derive(Clone, Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    content: Vec<u8>,
}

struct Call {
    expected: ExpectedResponse,
    exchange: Exchange,
}

fn run(draw: &mut Draw<'_>) {
    let clock = FrozenClock::at(NOW);
    let (revision, required) = (draw.pick(&Revision::ALL), draw.one_in(2));
    let Call { expected, exchange } = call(&clock, revision, required);
    // To the same request, to another one, and by somebody else.
    let sent = answer(draw, &clock, CALLEE, &exchange);
    let others = [
        answer(draw, &clock, CALLEE, &call(&clock, revision, required).exchange),
        answer(draw, &clock, CALLER, &exchange),
        answer(draw, &clock, CALLEE, &exchange),
    ];
    let genuine = [meaning(&sent), meaning(&others[2])];
    let mut received = sent.clone();
    let mut seconds = 0;
    for _ in 0..draw.below(4) {
        match draw.below(10) {
            0 => seconds = [0, 119, 120, -60, -61, 59, 3600][draw.below(7)],
            1 => received = others[draw.below(3)].clone(),
            _ => change(draw, &mut received, &others),
        }
    }
    clock.set(NOW + seconds);

    let meaning = meaning(&received);
    let checked = expected.verify_head(StatusCode::from_u16(received.status).unwrap(), &received.headers);
    let decision = checked.and_then(|verified| match verified {
        None => Ok(None),
        Some(mut verified) => {
            verified.update(b"");
            received.content.chunks(3).for_each(|piece| verified.update(piece));
            verified.finish().map(Some)
        }
    });
    let in_time = (-60..120).contains(&seconds);
    let untouched = genuine.contains(&meaning) && in_time;
    match decision {
        Ok(Some(callee)) => {
            assert_eq!(callee.0.id().as_str(), CALLEE);
            assert!(untouched, "accepted, though it is not what was signed {seconds} s ago: {received:?}");
        }
        Ok(None) => {
            assert!(!required, "no signature, though one was demanded: {received:?}");
            assert!(meaning.1.is_none(), "a signature that nobody looked at: {received:?}");
        }
        Err(error) => {
            let once = |name| received.headers.get_all(name).iter().count() == 1;
            // Also in a response, which has no use for it, this field is refused where it occurs twice.
            let repeated = received.headers.get_all("authorization").iter().count() > 1;
            let untouched = untouched && once("signature") && once("signature-input") && !repeated;
            assert!(!untouched, "refused, though it is what was signed: {received:?}: {error}");
        }
    }
}

fn call(clock: &FrozenClock, revision: Revision, required: bool) -> Call {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri("https://orders.example.com/orders?x=1")
        .body(())
        .unwrap();
    let signer = signer(clock, Proof::HttpSignature, revision, required);
    let expected = signer.sign_request(&mut request, Some(b"{}"), &SignOptions::default()).unwrap();
    *request.uri_mut() = request.uri().path_and_query().unwrap().as_str().parse().unwrap();
    let verifier = verifier(clock).allow_revision(Revision::Wpt01HttpSignature06).build().unwrap();
    let mut head = verifier.verify_head(&request).unwrap();
    let exchange = head.exchange().unwrap();
    head.update(b"{}");
    decided(head.finish()).unwrap();
    Call { expected, exchange }
}

fn answer(draw: &mut Draw<'_>, clock: &FrozenClock, subject: &str, exchange: &Exchange) -> Answer {
    // Content goes with a status that has some.
    let status = draw.pick(&STATUSES);
    let content = if status == 304 { &[] } else { draw.pick(&CONTENTS) };
    let mut answer = Answer { status, headers: HeaderMap::new(), content: content.to_vec() };
    if draw.one_in(2) {
        answer.headers.insert("content-type", HeaderValue::from_static(draw.pick(&VALUES[..2])));
    }
    let code = StatusCode::from_u16(status).unwrap();
    server(clock, subject).sign_response(exchange, code, &mut answer.headers, content).unwrap();
    answer
}

fn meaning(answer: &Answer) -> (View, Option<Signed>) {
    (View::of_response(answer.status, &answer.headers, &answer.content), Signed::of(&answer.headers))
}

fn change(draw: &mut Draw<'_>, answer: &mut Answer, others: &[Answer; 3]) {
    let name = HeaderName::from_static(draw.pick(&NAMES));
    match draw.below(8) {
        0 => answer.status = draw.pick(&STATUSES),
        1 => answer.content = draw.pick(&CONTENTS).to_vec(),
        2 => drop(answer.headers.remove(name)),
        3 => drop(answer.headers.insert(name, HeaderValue::from_static(draw.pick(&VALUES)))),
        4 => drop(answer.headers.append(name, HeaderValue::from_static(draw.pick(&VALUES)))),
        5 => {
            let from = &others[draw.below(3)];
            for name in ["signature", "signature-input", "workload-identity-token"] {
                match from.headers.get(name) {
                    Some(value) => drop(answer.headers.insert(name, value.clone())),
                    None => drop(answer.headers.remove(name)),
                }
            }
        }
        6 => {
            for name in ["signature", "signature-input"] {
                answer.headers.remove(name);
            }
        }
        _ => {
            if let Ok(value) = HeaderValue::from_bytes(draw.octets(32)) {
                answer.headers.append(name, value);
            }
        }
    }
}
