//! Services that are put together wrongly say so: 500 for the caller, an error in the operator's log.

use axum::Router;
use axum::routing::get;
use wimse_core::policy;

use crate::fixture::{Server, clients, domain, optional, required, signed, verifier};

// A forgotten layer is not an anonymous caller: DarrenBaldwin07/clerk-rs#68, tokio-rs/axum#795.
#[tokio::test]
async fn wit_38_without_the_layer_both_forms_of_the_extractor_answer_500() {
    let app = Router::new().route("/required", get(required)).route("/optional", get(optional));
    let caller = domain().workload("/frontend");
    let server = Server::start(app).await;
    for client in clients() {
        for path in ["/required", "/optional"] {
            for request in [server.get(path), signed(&caller, server.get(path))] {
                let refused = client.send(request).await;
                refused.assert_refused(500, "authentication_layer_missing");
            }
        }
    }
}

#[tokio::test]
async fn wit_38_authorization_outside_authentication_answers_500_to_everybody() {
    let domain = domain();
    let app = Router::new()
        .route("/orders", get(required))
        .layer(wimse_axum::authenticate(verifier(&domain)))
        .layer(wimse_axum::authorize(policy::any()));
    let caller = domain.workload("/frontend");
    let server = Server::start(app).await;
    for client in clients() {
        for request in [server.get("/orders"), signed(&caller, server.get("/orders"))] {
            let refused = client.send(request).await;
            refused.assert_refused(500, "authentication_layer_missing");
        }
    }
}

#[cfg(feature = "tracing")]
mod log {
    use std::io;
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use http::Request;
    use tower::ServiceExt;
    use tracing_subscriber::util::SubscriberInitExt;
    use wimse_core::testing::TestDomain;

    use crate::fixture::{BASE, domain, optional, required, signed, verifier};

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Log {
        fn start() -> (Self, impl Drop) {
            let log = Self::default();
            let writer = log.clone();
            let subscriber = tracing_subscriber::fmt()
                .with_ansi(false)
                .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
                .with_writer(move || writer.clone())
                .finish();
            (log, subscriber.set_default())
        }

        fn take(&self) -> String {
            String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
        }
    }

    impl io::Write for Log {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(octets)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn request(domain: &TestDomain, path: &str) -> Request<Body> {
        let request = Request::get(format!("{BASE}{path}"));
        signed(&domain.workload("/frontend"), request.body(Body::empty()).unwrap())
    }

    #[tokio::test]
    async fn a_missing_layer_is_an_error_that_names_the_path_as_it_was_called() {
        let orders = Router::new().route("/required", get(required)).route("/optional", get(optional));
        let app = Router::new().nest("/orders", orders);
        let domain = domain();
        let (log, _guard) = Log::start();
        for path in ["/orders/required", "/orders/optional"] {
            let response = app.clone().oneshot(request(&domain, path)).await.unwrap();
            assert_eq!(response.status(), 500);
            let log = log.take();
            let errors: Vec<_> = log.lines().filter(|line| line.contains("ERROR")).collect();
            assert_eq!(errors.len(), 1, "{log}");
            assert!(errors[0].contains("authentication_layer_missing"), "{log}");
            assert!(errors[0].contains("wimse_axum::authenticate"), "{log}");
            assert!(errors[0].contains(&format!("path=\"{path}\"")), "{log}");
        }
    }

    // No tokens in logs: getnora-io/nora#1008.
    #[tokio::test]
    async fn wpt_38_neither_token_nor_proof_is_logged_whatever_the_decision() {
        let domain = domain();
        let app =
            Router::new().route("/orders", get(required)).layer(wimse_axum::authenticate(verifier(&domain)));
        let accepted = request(&domain, "/orders");
        let misdirected = request(&domain, "/other");
        let (log, _guard) = Log::start();
        for (request, status, word) in
            [(accepted, 200, "request authenticated"), (misdirected, 401, "audience_mismatch")]
        {
            let mut request = request;
            *request.uri_mut() = format!("{BASE}/orders").parse().unwrap();
            let secrets = ["authorization", "workload-identity-token"]
                .map(|field| request.headers()[field].to_str().unwrap().to_owned());
            let response = app.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), status);
            let log = log.take();
            assert!(log.contains(word), "{log}");
            for secret in secrets {
                for part in secret.split(['.', ' ']).filter(|part| part.len() > 3) {
                    assert!(!log.contains(part), "{log}");
                }
            }
        }
    }
}
