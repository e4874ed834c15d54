//! Which responses are signed, and what caches are told.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};
use wimse_tower::{AuthenticateLayer, MaybeBuffered};

use crate::{believed, caller, demanding, domain, is_signed, orders, preferring, signed, text, verifier};

type Body = Full<Bytes>;

#[tokio::test]
async fn hsr_04_hsr_05_hsr_23_a_stream_of_events_is_not_awaited_to_be_signed() {
    let domain = domain();
    for (content_type, endless) in [
        ("text/event-stream", true),
        ("text/event-stream; charset=utf-8", true),
        ("Text/Event-Stream", true),
        ("TEXT/EVENT-STREAM;charset=utf-8", true),
        ("text/plain", false),
    ] {
        let handler = service_fn(move |_: Request<MaybeBuffered<Body>>| async move {
            let response = Response::builder().header("content-type", content_type);
            // With trailers its length is not known before.
            let body = MaybeBuffered::whole(Bytes::from_static(b"data: 1\n\n"), Some(HeaderMap::new()));
            Ok::<Response<MaybeBuffered<Body>>, Infallible>(response.body(body).unwrap())
        });
        let layer = AuthenticateLayer::new(verifier(&domain)).sign_responses(orders(&domain));
        let service = layer.layer(handler);

        let (request, expected) = signed(&preferring(&domain), b"", Body::default());
        let response = service.clone().oneshot(request).await.unwrap();
        assert!(!is_signed(&response) && response.body().content().is_none(), "{content_type}");
        assert!(expected.verify_head(response.status(), response.headers()).unwrap().is_none());
        assert_eq!(text(response).await, (200, "data: 1\n\n".to_owned()));

        let (request, expected) = signed(&demanding(&domain), b"", Body::default());
        let response = service.oneshot(request).await.unwrap();
        let (status, content) = believed(expected, response).await.unwrap();
        let expected = if endless { (501, "response_not_signable") } else { (200, "data: 1\n\n") };
        assert!(status == expected.0 && content.contains(expected.1), "{status} {content}");
    }
}

/// A signed response is for one request, however alike another one looks.
#[tokio::test]
async fn hsr_16_hsr_17_signed_responses_vary_with_the_signature_of_the_request() {
    let domain = domain();
    let handler = service_fn(async |_: Request<MaybeBuffered<Body>>| {
        let response = Response::builder().header("vary", "accept-encoding");
        Ok::<_, Infallible>(response.body(Body::from("done")).unwrap())
    });
    let layer = || AuthenticateLayer::new(verifier(&domain));
    let (asked, always) =
        (layer().sign_responses(orders(&domain)), layer().sign_all_responses(orders(&domain)));
    let unasked = || caller(&domain, "/frontend").build().unwrap();
    for (layer, signer, is_to_be_signed) in [
        (&asked, preferring(&domain), true),
        (&asked, demanding(&domain), true),
        (&asked, unasked(), false),
        (&always, preferring(&domain), true),
        (&always, demanding(&domain), true),
        (&always, unasked(), true),
    ] {
        let (request, _) = signed(&signer, b"", Body::default());
        let response = layer.layer(handler).oneshot(request).await.unwrap();
        assert_eq!(is_signed(&response), is_to_be_signed);
        let lines = response.headers().get_all("vary").iter().map(|line| line.to_str().unwrap());
        let named: Vec<_> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
        assert!(named.contains(&"accept-encoding"), "{named:?}");
        for name in ["signature-input", "accept-signature"] {
            assert_eq!(named.contains(&name), is_to_be_signed, "{named:?}");
        }
    }
}
