//! Where credentials may travel: https, or the loopback by choice. Everything else is stopped before it is sent.

use reqwest::Method;
use wimse_core::testing::TestWorkload;
use wimse_core::{SignError, Signer};
use wimse_reqwest::WimseError;

use crate::fixture::{Service, Wire, domain, refused, signer};

fn port(service: &Service) -> &str {
    service.base.rsplit(':').next().unwrap()
}

fn strict(caller: &TestWorkload) -> wimse_core::SignerBuilder {
    Signer::builder().credentials(caller.credential().clone())
}

#[tokio::test]
async fn wit_40_wpt_39_amb_35_plain_http_is_refused_and_nothing_reaches_the_server() {
    let domain = domain();
    let service = Service::start(&domain).await;
    let wire = Wire::default();
    let client = wire.under(strict(&domain.workload("/frontend")));
    for host in ["127.0.0.1", "localhost", "127.0.0.2", "[::1]"] {
        let url = format!("http://{host}:{}/orders", port(&service));
        let error = refused(client.get(url).send().await);
        assert!(matches!(error, WimseError::Sign(SignError::PlaintextLoopback)), "{host}");
        assert_eq!(error.reason(), "plaintext_refused");
    }
    let error = refused(client.get("http://orders.example.com/orders").send().await);
    assert!(matches!(error, WimseError::Sign(SignError::Plaintext)));
    assert_eq!(wire.requests(), 0);
    assert!(service.take().is_empty());
}

#[tokio::test]
async fn wit_40_amb_35_the_loopback_is_allowed_by_choice_under_all_its_names() {
    let domain = domain();
    let service = Service::start(&domain).await;
    let wire = Wire::default();
    let client = wire.under(signer(&domain.workload("/frontend")));
    let names = ["127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "localhost", "LocalHost"];
    for host in names {
        let url = format!("http://{host}:{}/orders", port(&service));
        assert_eq!(client.get(url).send().await.unwrap().status(), 200, "{host}");
    }
    assert_eq!(wire.requests(), names.len());
    // Nothing listens there, but that is for the network to say.
    let error = client.get("http://[::1]:1/orders").send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
}

/// Names that look like the loopback and are none. No name is looked up: signing fails first.
#[tokio::test]
async fn wit_40_amb_35_what_only_looks_like_the_loopback_is_refused() {
    let domain = domain();
    let wire = Wire::default();
    let client = wire.under(signer(&domain.workload("/frontend")));
    for url in [
        "http://localhost.evil.test/",
        "http://127.0.0.1.evil.test/",
        "http://localhost./",
        "http://xlocalhost/",
        "http://evil.test/localhost",
        "http://evil.test/?localhost",
        "http://evil.test#@localhost/",
        "http://evil.test\\@localhost/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "http://128.0.0.1/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[fe80::1]/",
        "ftp://localhost/",
        "ws://localhost/",
    ] {
        let error = refused(client.get(url).send().await);
        assert!(matches!(error, WimseError::Sign(SignError::Plaintext)), "{url}");
    }
    assert_eq!(wire.requests(), 0);
}

/// Control for the tests above: an https request does get as far as the network.
#[tokio::test]
async fn wit_40_https_needs_no_choice() {
    let domain = domain();
    let service = Service::start(&domain).await;
    let wire = Wire::default();
    let client = wire.under(strict(&domain.workload("/frontend")));
    let url = format!("https://127.0.0.1:{}/orders", port(&service));
    // The tests are built without TLS, so that reqwest itself gives up.
    let error = client.get(url).send().await.unwrap_err();
    assert!(matches!(error, reqwest_middleware::Error::Reqwest(_)), "{error:?}");
    assert_eq!(wire.requests(), 1);
}

/// reqwest's request builder makes an Authorization field of it; a request made by hand keeps it in the URL.
#[tokio::test]
async fn wpt_03_user_information_in_the_url_is_refused() {
    let domain = domain();
    let service = Service::start(&domain).await;
    let wire = Wire::default();
    let client = wire.under(signer(&domain.workload("/frontend")));
    for user in ["user", "user:password", ":password", "127.0.0.1"] {
        let url = format!("http://{user}@127.0.0.1:{}/orders", port(&service));
        let error = refused(client.get(&url).send().await);
        assert!(matches!(error, WimseError::Sign(SignError::AuthorizationTaken)), "{user}");

        let request = reqwest::Request::new(Method::GET, url.parse().unwrap());
        let error = refused(client.execute(request).await);
        assert!(matches!(error, WimseError::Url), "{user}");
        assert_eq!(error.reason(), "url_invalid");
    }
    assert_eq!(wire.requests(), 0);
    assert!(service.take().is_empty());
}

#[tokio::test]
async fn wpt_03_wpt_34_an_authorization_field_of_the_application_is_never_dropped_in_silence() {
    let domain = domain();
    let service = Service::start(&domain).await;
    let wire = Wire::default();
    let client = wire.under(signer(&domain.workload("/frontend")));
    let request = || client.get(service.url("/orders"));
    for request in [
        request().bearer_auth("token"),
        request().basic_auth("user", Some("password")),
        request().header("authorization", "WPT one").header("authorization", "Bearer two"),
    ] {
        let error = refused(request.send().await);
        assert_eq!(error.reason(), "authorization_taken");
    }
    assert_eq!(wire.requests(), 0);
    assert!(service.take().is_empty());

    // A proof of an earlier attempt is replaced.
    let response = request().header("authorization", "WPT stale").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_ne!(service.take_one().only("authorization"), "WPT stale");
}
