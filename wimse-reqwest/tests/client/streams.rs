//! Bodies that reqwest does not hold in memory: refused, or read before they are signed.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::body::Bytes;
use futures_util::{StreamExt, stream};
use http_body::{Frame, SizeHint};
use reqwest::Body;
use reqwest::multipart::{Form, Part};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Error, RequestBuilder};
use wimse_core::signer::SignerBuilder;
use wimse_core::{Proof, SignError};
use wimse_reqwest::{RequestBuilderExt, WimseError, WimseMiddleware};

use crate::fixture::{Wire, clients, domain, refused, sign_error};
use crate::orders::{FRONTEND, Orders, refusal, signature};
use crate::retries::retry;

fn buffering(
    client: reqwest::Client,
    signer: SignerBuilder,
    limit: usize,
    wire: &Wire,
) -> ClientWithMiddleware {
    let sign = WimseMiddleware::new(signer.build().unwrap()).buffer_bodies(limit);
    ClientBuilder::new(client).with(sign).with(wire.clone()).build()
}

fn streamed(pieces: &[&'static str]) -> Body {
    let pieces: Vec<_> = pieces.iter().map(|piece| Ok::<_, Infallible>(*piece)).collect();
    Body::wrap_stream(stream::iter(pieces))
}

fn form() -> Form {
    Form::new().text("note", "two apples").part("file", Part::bytes(vec![0, 1, 2]).file_name("a.bin"))
}

#[tokio::test]
async fn hsq_10_a_stream_is_refused_and_the_error_names_the_choices() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    let wire = Wire::default();
    let client = wire.under(signature(&domain.workload("/frontend")));
    let request = || client.post(service.url("/orders"));
    for request in
        [request().body(streamed(&["two"])), request().body(streamed(&[])), request().multipart(form())]
    {
        let error = refused(request.send().await);
        assert!(matches!(error, WimseError::Sign(SignError::ContentUnavailable)), "{error:?}");
        assert_eq!(error.reason(), "content_unavailable");
        let shown = error.to_string();
        assert!(
            shown.contains("buffer it up to a limit") && shown.contains("Workload Proof Token"),
            "{shown}"
        );
    }
    assert_eq!(wire.requests(), 0);
    assert!(service.take().is_empty());
}

#[tokio::test]
async fn hsq_10_hsq_11_a_stream_that_is_read_before_arrives_as_it_was() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Orders::start(&domain).await;
    for (_, client) in clients() {
        let client = buffering(client, signature(&caller), 4096, &Wire::default());
        let request = || client.post(service.url("/orders"));
        for pieces in [&["two", " ", "", "apples"][..], &["two apples"], &[]] {
            let response = request().body(streamed(pieces)).send().await.unwrap();
            assert_eq!(response.text().await.unwrap(), format!("{FRONTEND} sent {}", pieces.concat()));
            assert_eq!(service.take_one().content, pieces.concat());
        }

        let form = form();
        let boundary = form.boundary().to_owned();
        assert_eq!(request().multipart(form).send().await.unwrap().status(), 200);
        let arrived = service.take_one();
        assert_eq!(arrived.only("content-type"), format!("multipart/form-data; boundary={boundary}"));
        assert!(arrived.only("signature-input").contains("\"content-type\" \"content-digest\""));
        let content = String::from_utf8(arrived.content.to_vec()).unwrap();
        assert!(content.contains("two apples") && content.ends_with(&format!("--{boundary}--\r\n")));
    }
}

#[tokio::test]
async fn hsq_10_a_stream_over_the_limit_is_not_sent_and_one_at_the_limit_is() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Orders::start(&domain).await;
    let wire = Wire::default();
    let [(_, client), _] = clients();
    let client = buffering(client, signature(&caller), 10, &wire);
    let request = || client.post(service.url("/orders"));
    let endless = || Body::wrap_stream(stream::repeat("apple").map(Ok::<_, Infallible>));
    for body in [streamed(&["two apples", "!"]), streamed(&["two apples!"]), endless()] {
        let error = refused(request().body(body).send().await);
        assert!(matches!(error, WimseError::Sign(SignError::ContentTooLarge { limit: 10 })), "{error:?}");
        assert_eq!(error.reason(), "content_too_large");
        let shown = error.to_string();
        assert!(shown.contains("raise the limit") && shown.contains("Workload Proof Token"), "{shown}");
    }
    assert_eq!(wire.requests(), 0);
    assert!(service.take().is_empty());

    assert_eq!(request().body(streamed(&["two ", "apples"])).send().await.unwrap().status(), 200);
    // The limit is for what has to be read; what is in memory already is signed whatever its size.
    assert_eq!(request().body("two apples and three pears").send().await.unwrap().status(), 200);
}

/// A body that knows its length and counts how often it is asked for more.
struct Announced(Arc<AtomicUsize>);

impl http_body::Body for Announced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"apple")))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(1_000_000)
    }
}

#[tokio::test]
async fn hsq_10_a_stream_that_is_too_large_by_its_own_account_is_not_even_read() {
    let domain = domain();
    let wire = Wire::default();
    let [(_, client), _] = clients();
    let client = buffering(client, signature(&domain.workload("/frontend")), 10, &wire);
    let polls = Arc::new(AtomicUsize::new(0));
    let request = client.post("http://localhost/orders").body(Body::wrap(Announced(Arc::clone(&polls))));
    assert_eq!(refused(request.send().await).reason(), "content_too_large");
    assert_eq!((polls.load(Ordering::SeqCst), wire.requests()), (0, 0));
}

#[tokio::test]
async fn hsq_10_a_stream_that_fails_is_an_error_of_its_own_and_nothing_is_sent() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    let wire = Wire::default();
    let [(_, client), _] = clients();
    let client = buffering(client, signature(&domain.workload("/frontend")), 4096, &wire);
    let broken = stream::iter([Ok("two"), Err(std::io::Error::other("the disk is gone"))]);
    let outcome = client.post(service.url("/orders")).body(Body::wrap_stream(broken)).send().await;
    let error = outcome.unwrap_err();
    assert!(matches!(error, Error::Reqwest(_)) && sign_error(&error).is_none(), "{error:?}");
    assert!(format!("{error:?}").contains("the disk is gone"), "{error:?}");
    assert_eq!(wire.requests(), 0);
    assert!(service.take().is_empty());
}

/// A Workload Proof Token does not cover content: the way out that the errors name.
#[tokio::test]
async fn amb_33_a_stream_goes_as_it_is_with_a_proof_token_or_without_credentials() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    let service = Orders::start(&domain).await;
    for (_, client) in clients() {
        for buffered in [false, true] {
            let mut sign = WimseMiddleware::new(signature(&caller).build().unwrap());
            if buffered {
                sign = sign.buffer_bodies(3);
            }
            let client = ClientBuilder::new(client.clone()).with(sign).build();
            let request = || client.post(service.url("/orders")).body(streamed(&["two", " apples"]));
            let request = |change: fn(_) -> _| request().wimse(change).send();
            let response =
                request(|options: wimse_core::SignOptions| options.proof(Proof::Wpt)).await.unwrap();
            assert_eq!(response.text().await.unwrap(), format!("{FRONTEND} sent two apples"));
            let response = request(|options| options.skip()).await.unwrap();
            assert_eq!(refusal(response).await, (401, "credentials_missing".to_owned()));
            assert!(service.take().iter().all(|arrived| arrived.content == "two apples"));
        }
    }
}

/// A retry middleware needs a body that it can send twice. It comes first, so that reading the stream later does not help.
#[tokio::test]
async fn amb_21_a_stream_cannot_be_retried_also_if_it_is_read_before_it_is_signed() {
    let domain = domain();
    let service = Orders::start(&domain).await;
    let sign = WimseMiddleware::new(signature(&domain.workload("/frontend")).build().unwrap());
    let [(_, client), _] = clients();
    let client = ClientBuilder::new(client).with(retry()).with(sign.buffer_bodies(4096)).build();
    let request: RequestBuilder = client.post(service.url("/orders")).body(streamed(&["two apples"]));
    let error = request.send().await.unwrap_err();
    assert!(error.to_string().contains("not cloneable"), "{error}");
    assert!(service.take().is_empty());
}
