//! The run: a service that signs its responses, calls that work, calls that are meddled with, sources that fail.

use std::fmt::{Debug, Write as _};
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::{Router, routing::get, routing::post};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use reqwest_middleware::ClientWithMiddleware;
use tokio::net::TcpListener;
use wimse::axum::{Workload, authenticate};
use wimse::identity::file::FileCredential;
use wimse::identity::server::IdentityServer;
use wimse::jose::{Jwk, SigningKey};
use wimse::reqwest::{WimseMiddleware, client_builder};
use wimse::testing::TestDomain;
use wimse::{
    Audiences, Callee, CalleeMap, Credential, CredentialSource, MemoryReplayCache, Proof, RotatingCredential,
    SignOptions, Signer, TrustStore,
};

use crate::Secrets;
use crate::capture::record;

/// The key of RFC 7515 appendix A.3.
const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
pub(crate) const PRIVATE: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";

const JOIN_TOKEN: &str = "join-8c2fe1b7d3a94c06";

pub(crate) struct Run {
    pub(crate) secrets: Secrets,
    /// What errors and `Debug` showed.
    pub(crate) shown: String,
    domain: TestDomain,
    base: String,
    credential: Credential,
    store: TrustStore,
}

impl Run {
    pub(crate) async fn start() -> Self {
        let (secrets, domain) = (Secrets::default(), TestDomain::new("example.com"));
        secrets.add(PRIVATE.as_bytes());
        secrets.add(JOIN_TOKEN.as_bytes());
        let store = TrustStore::new(domain.trust_anchors());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let verifier = domain
            .verifier(Audiences::base_url(&base))
            .context_tokens(["x-user"])
            .replay_cache(MemoryReplayCache::default())
            .build()
            .unwrap();
        let own = domain.workload("/orders").credential().clone();
        let signer = Signer::builder().credentials(own).build().unwrap();
        let layer = authenticate(verifier).sign_responses(signer).body_limit(1_000);
        let mut shown = String::new();
        writeln!(shown, "{layer:?}").unwrap();
        let app = Router::new()
            .route(
                "/orders",
                post(|Workload(peer): Workload, body: String| async move { format!("{body} {peer:?}") }),
            )
            .route(
                "/panic",
                get(|request: Request| async move {
                    if !request.uri().path().is_empty() {
                        panic!(
                            "a handler that shows {request:?} {:?}",
                            request.extensions().get::<wimse::Peer>()
                        );
                    }
                }),
            )
            .layer(layer)
            .layer(from_fn_with_state(secrets.clone(), record));
        tokio::spawn(async move { axum::serve(listener, app).await });

        let jwk =
            format!(r#"{{"kty":"EC","crv":"P-256","alg":"ES256","x":"{X}","y":"{Y}","d":"{PRIVATE}"}}"#);
        let key = SigningKey::from_jwk(&jwk).unwrap();
        let token = domain.issuer().issue(&domain.id("/frontend"), key.public_jwk()).unwrap();
        secrets.add(token.as_bytes());
        let credential = Credential::new(&token, key).unwrap();
        let mut run = Self { secrets, shown, domain, base, credential, store };
        let source = RotatingCredential::new(run.credential.clone());
        run.show(&[&run.credential.clone(), &source, &run.store.clone(), &run.domain.clone()]);
        run
    }

    fn show(&mut self, values: &[&dyn Debug]) {
        for value in values {
            writeln!(self.shown, "{value:?} {value:#?}").unwrap();
        }
    }

    fn signer(&self, proof: Proof, callee: &str) -> Signer {
        let authority = self.base.trim_start_matches("http://");
        let signer = Signer::builder()
            .credentials(self.credential.clone())
            .proof(proof)
            .context_tokens(["x-user"])
            .response_anchors(&self.store)
            .expected_callees(CalleeMap::new().with(authority, self.domain.id(callee)))
            .allow_plaintext_loopback();
        match proof {
            Proof::HttpSignature => signer.require_signed_responses(),
            _ => signer,
        }
        .build()
        .unwrap()
    }

    fn client(&mut self, signer: &Signer) -> ClientWithMiddleware {
        let middleware = WimseMiddleware::new(signer.clone());
        self.show(&[signer, &middleware]);
        reqwest_middleware::ClientBuilder::new(client_builder().build().unwrap()).with(middleware).build()
    }

    /// Calls that work, a callee that is not the expected one, a target that gets no credentials, a handler that panics.
    pub(crate) async fn calls(&mut self) {
        for proof in [Proof::Wpt, Proof::HttpSignature] {
            for (callee, path, method) in [
                ("/orders", "/orders", Method::POST),
                ("/another", "/orders", Method::POST),
                ("/orders", "/panic", Method::GET),
            ] {
                let client = self.client(&self.signer(proof, callee));
                let request = client
                    .request(method, format!("{}{path}", self.base))
                    .header("txn-token", "a-transaction-token-of-some-length")
                    .header("x-user", "a-user-token-of-some-length")
                    .body("tea");
                self.outcome(request.send().await).await;
                let elsewhere = client.get("http://orders.example.com/orders").send().await;
                self.outcome(elsewhere).await;
            }
        }
    }

    async fn outcome<E: Debug + std::fmt::Display>(&mut self, outcome: Result<reqwest::Response, E>) {
        match outcome {
            Ok(response) => {
                // A client without our middleware marks nothing as sensitive.
                if response.extensions().get::<Callee>().is_some() {
                    self.show(&[&response]);
                }
                let content = response.text().await.unwrap();
                self.show(&[&content]);
            }
            Err(error) => writeln!(self.shown, "{error} {error:?} {error:#?}").unwrap(),
        }
    }

    /// Whoever records a request and sends it again, whole or altered in each of its fields.
    pub(crate) async fn attacks(&mut self) {
        let plain = reqwest::Client::new();
        for proof in [Proof::Wpt, Proof::HttpSignature] {
            let signed = |run: &Self| {
                let mut request = http::Request::post(format!("{}/orders", run.base)).body(()).unwrap();
                let signer = run.signer(proof, "/orders");
                let _ = signer.sign_request(&mut request, Some(b"tea"), &SignOptions::default()).unwrap();
                request.into_parts().0.headers
            };
            let headers = signed(self);
            for altered in altered(&headers).chain([headers.clone(), headers.clone()]) {
                let request = plain.post(format!("{}/orders", self.base)).headers(altered).body("tea");
                self.outcome(request.send().await).await;
            }
            for content in ["tee", "", &"t".repeat(2_000)] {
                let request = plain.post(format!("{}/orders", self.base)).headers(signed(self));
                self.outcome(request.body(content.to_owned()).send().await).await;
            }
        }
    }

    /// Sources that get something that they cannot use.
    pub(crate) async fn sources(&mut self) {
        let folder = tempfile::tempdir().unwrap();
        let (token, key) = (folder.path().join("token"), folder.path().join("key"));
        let other = self.domain.workload("/frontend");
        self.secrets.add(other.token().as_bytes());
        let jwk =
            format!(r#"{{"kty":"EC","crv":"P-256","alg":"ES256","x":"{X}","y":"{Y}","d":"{PRIVATE}"}}"#);
        let broken = [
            jwk.replace("\"d\"", "\"D\""),
            jwk.replace(&format!("{PRIVATE}\""), &format!("{PRIVATE}A\"")),
            format!("{jwk}{PRIVATE}"),
        ];
        for (written, secret) in
            broken.iter().map(|key| (other.token(), key)).chain([(other.token(), &jwk), (PRIVATE, &jwk)])
        {
            std::fs::write(&token, written).unwrap();
            std::fs::write(&key, secret).unwrap();
            let source = FileCredential::builder().token(&token).key(&key).start().unwrap();
            let error = source.handle().ready(Duration::from_millis(300)).await.unwrap_err();
            writeln!(self.shown, "{error} {error:?}").unwrap();
            self.show(&[&source, source.handle(), &source.handle().health()]);
        }
        for bad in [broken[0].as_str(), broken[1].as_str(), broken[2].as_str()] {
            self.show(&[&SigningKey::from_jwk(bad).map(drop), &Jwk::parse(bad).map(drop)]);
        }

        // Nobody there, and somebody who does not speak the protocol.
        for base in ["http://127.0.0.1:1", self.base.clone().as_str()] {
            let builder = IdentityServer::builder(base)
                .join_token(|| Ok::<_, String>(JOIN_TOKEN.to_owned()))
                .allow_plaintext_loopback();
            self.show(&[&builder]);
            let source = builder.start().unwrap();
            let error = source.handle().ready(Duration::from_millis(300)).await.unwrap_err();
            writeln!(self.shown, "{error} {error:?} {:?}", source.credentials().current().map(drop)).unwrap();
            self.show(&[&source]);
        }
    }
}

/// The fields with one of them missing, doubled, cut or altered in one octet.
fn altered(headers: &HeaderMap) -> impl Iterator<Item = HeaderMap> {
    headers.iter().flat_map(|(name, value)| {
        let with = |values: &[&[u8]]| {
            let mut altered = headers.clone();
            altered.remove(name);
            let name = HeaderName::clone(name);
            values.iter().for_each(|value| {
                altered.append(&name, HeaderValue::from_bytes(value).unwrap());
            });
            altered
        };
        let value = value.as_bytes();
        let middle = value.len() / 2;
        let flipped = |at: usize| {
            let mut flipped = value.to_vec();
            flipped[at] = if flipped[at] == b'A' { b'B' } else { b'A' };
            flipped
        };
        let (early, late) = (flipped(8), flipped(value.len() - 8));
        [
            with(&[]),
            with(&[value, value]),
            with(&[&value[..middle]]),
            with(&[&flipped(middle)]),
            with(&[&early]),
            with(&[&late]),
        ]
    })
}
