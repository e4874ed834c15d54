//! How an application finds out what went wrong, with and without a retry middleware in between.

use std::sync::Mutex;

use reqwest_middleware::{ClientBuilder, Error};
use reqwest_retry::RetryError;
use wimse_core::{Credential, CredentialError, CredentialSource, RotatingCredential, SignError, Signer};
use wimse_reqwest::{WimseError, WimseMiddleware};

use crate::fixture::{Service, clients, domain, sign_error};
use crate::retries::retry;

fn without_credential() -> WimseMiddleware {
    WimseMiddleware::new(Signer::builder().credentials(RotatingCredential::pending()).build().unwrap())
}

const EXPECTED: SignError = SignError::Credential(CredentialError::Unavailable);

#[tokio::test]
async fn wimse_error_is_found_in_the_middleware_error_and_sign_error_in_the_chain() {
    for (_, client) in clients() {
        let client = ClientBuilder::new(client).with(without_credential()).build();
        let error = client.get("https://orders.example.com/").send().await.unwrap_err();
        assert_eq!(sign_error(&error), Some(&EXPECTED));
        let Error::Middleware(inner) = &error else {
            panic!("{error:?}");
        };
        let found = inner.downcast_ref::<WimseError>().unwrap();
        assert!(matches!(found, WimseError::Sign(EXPECTED)));
        assert_eq!(found.reason(), EXPECTED.reason());
        assert!(error.to_string().contains(&EXPECTED.to_string()), "{error}");
    }
}

/// A signing error is not retried: another attempt would fail alike, and the retry middleware treats it so.
#[tokio::test]
async fn under_a_retry_middleware_it_is_inside_the_retry_error() {
    for (_, client) in clients() {
        let client = ClientBuilder::new(client).with(retry()).with(without_credential()).build();
        let error = client.get("https://orders.example.com/").send().await.unwrap_err();
        assert_eq!(sign_error(&error), Some(&EXPECTED));
        let Error::Middleware(outer) = &error else {
            panic!("{error:?}");
        };
        let Some(RetryError::Error(Error::Middleware(inner))) = outer.downcast_ref() else {
            panic!("{error:?}");
        };
        assert!(matches!(inner.downcast_ref::<WimseError>(), Some(WimseError::Sign(EXPECTED))));
    }
}

/// A source that runs dry after one credential.
struct Once(Mutex<Option<Credential>>);

impl CredentialSource for Once {
    fn current(&self) -> Result<Credential, CredentialError> {
        self.0.lock().unwrap().take().ok_or(CredentialError::Unavailable)
    }
}

#[tokio::test]
async fn after_a_retry_it_is_there_with_their_number() {
    let domain = domain();
    let caller = domain.workload("/frontend");
    for (_, client) in clients() {
        let service = Service::start_with(&domain, [503], |builder| builder).await;
        let source = Once(Mutex::new(Some(caller.credential().clone())));
        let signer = Signer::builder().credentials(source).allow_plaintext_loopback().build().unwrap();
        let client = ClientBuilder::new(client).with(retry()).with(WimseMiddleware::new(signer)).build();
        let error = client.get(service.url("/orders")).send().await.unwrap_err();
        assert_eq!(service.take().len(), 1);
        assert_eq!(sign_error(&error), Some(&EXPECTED));
        let Error::Middleware(outer) = &error else {
            panic!("{error:?}");
        };
        let Some(RetryError::WithRetries { retries: 1, err: Error::Middleware(inner) }) =
            outer.downcast_ref()
        else {
            panic!("{error:?}");
        };
        assert!(matches!(inner.downcast_ref::<WimseError>(), Some(WimseError::Sign(EXPECTED))));
    }
}
