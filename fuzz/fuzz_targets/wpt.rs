#![no_main]
//! Workload Proof Tokens beside a valid Workload Identity Token. As text: nobody signed it. Else header and claims are
//! changed and signed again: accepted is what a plain reading of the rules allows, once, and only if the workload signed it.

use data_encoding::BASE64URL_NOPAD;
use http::{HeaderValue, Request};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;
use wimse_core::Reason;
use wimse_core::testing::FrozenClock;
use wimse_fuzz::{
    BASE_URL, CALLER, CONTEXT, Draw, NOW, STRANGER, WORKLOAD, decided, object, time, timed, token, verifier,
    wit,
};

static WIT: LazyLock<String> = LazyLock::new(|| wit(CALLER));
const TXN: &str = "txn";

fuzz_target!(|data: &[u8]| {
    timed(|| match data.split_first() {
        Some((b'1', rest)) => claims(&mut Draw::new(rest)),
        _ => {
            let Ok(value) = HeaderValue::from_bytes(data) else { return };
            let mut request = request();
            request.headers_mut().insert("authorization", value);
            assert!(refused_or_reason(&request).is_err(), "a proof that nobody signed");
        }
    });
});

fn request() -> Request<()> {
    let builder = Request::get("/orders?x=1").header("workload-identity-token", WIT.as_str());
    builder.body(()).unwrap()
}

fn refused_or_reason(request: &Request<()>) -> Result<(), Reason> {
    let verifier = verifier(&FrozenClock::at(NOW)).build().unwrap();
    let first = decided(verifier.verify(request)).map(drop).map_err(|rejection| rejection.reason());
    let second = decided(verifier.verify(request)).map(drop).map_err(|rejection| rejection.reason());
    match first {
        Ok(()) => assert_eq!(second, Err(Reason::Replayed)),
        first => assert_eq!(second, first),
    }
    first
}

fn hash(text: &str) -> String {
    BASE64URL_NOPAD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()).as_ref())
}

fn claims(draw: &mut Draw<'_>) {
    let mut header = object(json!({ "alg": "Ed25519", "typ": "wpt+jwt" }));
    let mut claims = object(json!({
        "aud": format!("{BASE_URL}/orders"), "exp": NOW + 60, "jti": "j", "wth": hash(&WIT),
    }));
    let (txn, context) = (draw.one_in(2), draw.one_in(2));
    if txn {
        claims.insert("tth".to_owned(), json!(hash(TXN)));
    }
    if context {
        claims.insert("oth".to_owned(), json!({ CONTEXT: hash(TXN) }));
    }
    for _ in 0..draw.below(4) {
        let (object, names): (&mut Map<String, Value>, &[&str]) = match draw.below(4) {
            0 => (&mut header, &["alg", "typ", "kid", "crit", "b64", "jwk"]),
            1 => match claims.get_mut("oth") {
                Some(Value::Object(oth)) => (oth, &[CONTEXT, "x-other", "X-Context"]),
                _ => (&mut claims, &["oth"]),
            },
            _ => (&mut claims, &["aud", "exp", "nbf", "jti", "wth", "tth", "oth", "ath", "x"]),
        };
        let name = draw.pick(names);
        match draw.one_in(4) {
            true => drop(object.remove(name)),
            false => drop(object.insert(name.to_owned(), replacement(draw))),
        }
    }
    let key = if draw.one_in(4) { &*STRANGER } else { &*WORKLOAD };
    let (header, claims) = (Value::Object(header), Value::Object(claims));
    let forged = token(&header.to_string(), &claims.to_string(), key);
    let mut request = request();
    request.headers_mut().insert("authorization", format!("WPT {forged}").parse().unwrap());
    if txn {
        request.headers_mut().insert("txn-token", HeaderValue::from_static(TXN));
    }
    if context {
        request.headers_mut().insert(CONTEXT, HeaderValue::from_static(TXN));
    }
    let decision = refused_or_reason(&request);
    let expected = std::ptr::eq(key, &*WORKLOAD) && allowed(&header, &claims, txn, context);
    assert_eq!(decision.is_ok(), expected, "{header} {claims}: {decision:?}");
}

fn replacement(draw: &mut Draw<'_>) -> Value {
    let aud = format!("{BASE_URL}/orders");
    let own = [
        json!("Ed25519"),
        json!("EdDSA"),
        json!("ES256"),
        json!("none"),
        json!("WPT+JWT"),
        json!("application/wpt+jwt"),
        json!("wit+jwt"),
        json!(aud),
        json!([aud]),
        json!([aud, "https://other.example"]),
        json!(format!("{aud}/")),
        json!(BASE_URL),
        json!(format!("{BASE_URL}.evil.test/orders")),
        json!(hash(&WIT)),
        json!(hash(TXN)),
        json!(hash("")),
        json!("j".repeat(256)),
        json!("j".repeat(257)),
        json!({ CONTEXT: hash(TXN) }),
        json!({ CONTEXT: hash(TXN), "x-other": hash(TXN) }),
        json!(format!("{}=", hash(TXN))),
    ];
    draw.value(&own)
}

fn allowed(header: &Value, claims: &Value, txn: bool, context: bool) -> bool {
    let typ = header["typ"].as_str().unwrap_or_default().to_ascii_lowercase();
    let aud = json!(format!("{BASE_URL}/orders"));
    let tth = if txn { claims["tth"] == hash(TXN) } else { claims.get("tth").is_none() };
    let oth = match claims.get("oth") {
        None => !context,
        Some(Value::Object(oth)) if context => {
            oth.len() == 1 && oth.get(CONTEXT).is_some_and(|h| *h == hash(TXN))
        }
        Some(Value::Object(oth)) => oth.is_empty(),
        Some(_) => false,
    };
    header["alg"] == "Ed25519"
        && header.get("kid").is_none_or(Value::is_string)
        && typ.strip_prefix("application/").unwrap_or(&typ) == "wpt+jwt"
        && header.get("crit").is_none()
        && header.get("b64").is_none()
        && claims["wth"] == hash(&WIT)
        && (claims["aud"] == aud || claims["aud"] == json!([aud]))
        && time(&claims["exp"]).is_some_and(|exp| NOW < exp.saturating_add(60) && exp <= NOW + 360)
        && claims.get("nbf").is_none_or(|nbf| time(nbf).is_some_and(|nbf| nbf <= NOW + 60))
        && claims["jti"].as_str().is_some_and(|jti| !jti.is_empty() && jti.len() <= 256)
        && tth
        && oth
}
