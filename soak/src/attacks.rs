//! Attackers without a key of their own, who alter what they record, and vandals who send too much, too slowly, or hang up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use reqwest::{Client, RequestBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use wimse::Proof;

use crate::BoxError;
use crate::callers::Caller;
use crate::ledger::Ledger;
use crate::replays::signed;
use crate::service::BODY_LIMIT;

/// Alters for ever.
pub(crate) async fn alter(caller: Caller, bases: Vec<String>, ledger: Arc<Ledger>) -> Result<(), BoxError> {
    let signers = [caller.signer(Proof::Wpt)?, caller.signer(Proof::HttpSignature)?];
    let client = Client::new();
    for (round, base) in (0_usize..).zip(bases.iter().cycle()) {
        let url = format!("{base}/orders");
        for (by_signature, signer) in [false, true].into_iter().zip(&signers) {
            let fields = signed(signer, b"")?;
            for (how, altered) in altered(&fields, round) {
                refused(&ledger, &how, client.get(&url).headers(altered)).await;
            }
            if by_signature {
                let another = [
                    client.request(Method::HEAD, &url),
                    client.get(format!("{url}?all")),
                    client.get(format!("{url}/")),
                    client.post(&url).body("x"),
                ];
                for request in another {
                    refused(&ledger, "altered request", request.headers(fields.clone())).await;
                }
                let large = client.get(&url).headers(fields).body(vec![b'x'; BODY_LIMIT + 1]);
                refused(&ledger, "content over the limit", large).await;
            }
        }
        let mut enormous = HeaderMap::new();
        for (name, value) in [
            ("workload-identity-token", "eyJ".repeat(20_000)),
            ("signature-input", "a=(),".repeat(10_000)),
            ("authorization", format!("WPT {}", "e30.".repeat(12_000))),
        ] {
            enormous.insert(HeaderName::from_static(name), HeaderValue::try_from(value)?);
            refused(&ledger, "enormous fields", client.get(&url).headers(enormous.clone())).await;
        }
    }
    Ok(())
}

/// With each field missing, twice, or another in one octet.
fn altered(fields: &HeaderMap, round: usize) -> Vec<(String, HeaderMap)> {
    let mut all = Vec::new();
    for (name, value) in fields {
        let (mut missing, mut twice, mut other) = (fields.clone(), fields.clone(), fields.clone());
        missing.remove(name);
        twice.append(name, value.clone());
        let mut octets = value.as_bytes().to_vec();
        let mut at = (round * 31) % octets.len();
        // The bits before the padding of a byte sequence count for nothing (RFC 9651 §4.2.7).
        while octets.get(at + 1) == Some(&b'=') {
            at -= 1;
        }
        if let Some(octet) = octets.get_mut(at) {
            *octet = if *octet == b'A' { b'B' } else { b'A' };
        }
        if let Ok(value) = HeaderValue::from_bytes(&octets) {
            other.insert(name, value);
        }
        all.extend([
            (format!("{name} missing"), missing),
            (format!("{name} twice"), twice),
            (format!("{name} altered at octet {at}"), other),
        ]);
    }
    all
}

async fn refused(ledger: &Ledger, what: &str, request: RequestBuilder) {
    match request.send().await {
        Ok(response) if response.status().is_client_error() => ledger.fine("attacker", "refused"),
        Ok(response) => ledger.wrong("attacker", format_args!("{what}: {}", response.status())),
        // A server that has answered may close the connection before it has read everything.
        Err(error) if error.is_request() || error.is_body() => ledger.fine("attacker", "hung up on"),
        Err(error) => ledger.wrong("attacker", format_args!("{what}: {error:?}")),
    }
}

/// The content of which only the beginning is sent.
const STALLED: usize = 10_000;

/// Stalls and hangs up for ever, on so many connections at once.
pub(crate) async fn vandalize(
    caller: Caller,
    bases: Vec<String>,
    connections: usize,
    ledger: Arc<Ledger>,
) -> Result<(), BoxError> {
    let signer = caller.signer(Proof::HttpSignature)?;
    let mut open = JoinSet::new();
    for (round, base) in (0_usize..).zip(bases.iter().cycle()) {
        let mut head = format!("POST /orders HTTP/1.1\r\nhost: orders\r\ncontent-length: {STALLED}\r\n");
        for (name, value) in &signed(&signer, &[b'x'; STALLED])? {
            head.push_str(&format!("{name}: {}\r\n", value.to_str()?));
        }
        head.push_str("\r\n");
        let (address, ledger) = (base.trim_start_matches("http://").to_owned(), Arc::clone(&ledger));
        open.spawn(async move {
            let did = match round % 3 {
                0 => stall_in_content(&address, &head).await,
                1 => hang_up(&address, &head).await,
                _ => stall_in_head(&address, &head).await,
            };
            ledger.fine("vandal", did.unwrap_or("not let in"));
        });
        while open.len() >= connections {
            open.join_next().await;
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn stall_in_content(address: &str, head: &str) -> std::io::Result<&'static str> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(head.as_bytes()).await?;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(3) {
        stream.write_all(b"x").await?;
        sleep(Duration::from_millis(100)).await;
    }
    Ok("content octet by octet")
}

async fn stall_in_head(address: &str, head: &str) -> std::io::Result<&'static str> {
    let mut stream = TcpStream::connect(address).await?;
    for piece in head.as_bytes().chunks(100).take(30) {
        stream.write_all(piece).await?;
        sleep(Duration::from_millis(100)).await;
    }
    let _ = timeout(Duration::from_secs(1), stream.read(&mut [0; 64])).await;
    Ok("head piece by piece")
}

/// With data unread and no farewell, so that the connection is reset.
async fn hang_up(address: &str, head: &str) -> std::io::Result<&'static str> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&[b'x'; 5_000]).await?;
    stream.set_zero_linger()?;
    Ok("connection reset")
}
