//! A tonic server that signs its responses, and channels whose calls are signed and whose responses are checked.

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::transport::{Channel, Server};
use tower::{Layer, ServiceBuilder};
use wimse::testing::TestDomain;
use wimse::tower::sign::{Buffered, Sign};
use wimse::tower::{AuthenticateLayer, MaybeBuffered, SignLayer};
use wimse::{Audience, Audiences, Proof, SignOptions, Signer, SignerBuilder};

use crate::chat::Chat;
use crate::echo::Echo;

/// Who is called.
pub(crate) const ORDERS: &str = "wimse://example.com/orders";
/// More than any test sends.
pub(crate) const ENOUGH: usize = 64 * 1024;

/// A channel whose calls are signed.
pub(crate) type Signed = Sign<Channel, Buffered<fn(MaybeBuffered<Body>) -> Body>>;

/// What somebody between server and client does to a response.
pub(crate) type Meddle = fn(http::Response<Body>) -> http::Response<Body>;

pub(crate) fn domain() -> TestDomain {
    TestDomain::new("example.com")
}

pub(crate) fn own_signer(domain: &TestDomain) -> Signer {
    domain.workload("/orders").signer().build().unwrap()
}

/// A server that signs the responses that it is asked to sign.
pub(crate) async fn serve(domain: &TestDomain) -> String {
    let own = own_signer(domain);
    serve_with(domain, |layer| layer.sign_responses(own)).await
}

pub(crate) async fn serve_with(
    domain: &TestDomain,
    change: impl FnOnce(AuthenticateLayer) -> AuthenticateLayer,
) -> String {
    serve_behind(domain, change, |response| response).await
}

/// Behind somebody who can change responses.
pub(crate) async fn serve_behind(
    domain: &TestDomain,
    change: impl FnOnce(AuthenticateLayer) -> AuthenticateLayer,
    meddle: Meddle,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let verifier = domain.verifier(Audiences::base_url(&base)).build().unwrap();
    let layers = ServiceBuilder::new()
        .map_response(move |response: http::Response<MaybeBuffered<Body>>| meddle(response.map(Body::new)))
        .layer(change(AuthenticateLayer::new(verifier)));
    let server = Server::builder().layer(layers).add_service(Echo).add_service(Chat);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    base
}

pub(crate) async fn connect(base: &str) -> Channel {
    Channel::from_shared(base.to_owned()).unwrap().connect().await.unwrap()
}

/// A signer that makes HTTP signatures for the calls of a channel to `base`, which name no authority.
pub(crate) fn signature(domain: &TestDomain, base: &str) -> SignerBuilder {
    let signer = domain.workload("/frontend").signer().proof(Proof::HttpSignature);
    signer.audience(Audience::base_url(base).unwrap())
}

/// Signs the calls over a channel.
pub(crate) async fn over(base: &str, signer: SignerBuilder, options: SignOptions) -> Signed {
    let layer = SignLayer::new(signer.build().unwrap()).options(options);
    let layer = layer.buffer_bodies(ENOUGH, Body::new as fn(MaybeBuffered<Body>) -> Body);
    layer.layer(connect(base).await)
}

/// What the options of a call that demands a signed response of the service say.
pub(crate) fn demanding(domain: &TestDomain) -> SignOptions {
    SignOptions::default().require_signed_response(true).expected_callee(domain.id("/orders"))
}

/// A channel whose calls are signed, and whose responses must be.
pub(crate) async fn strict(domain: &TestDomain, base: &str) -> Signed {
    let signer = signature(domain, base).response_anchors(domain.trust_anchors());
    over(base, signer, demanding(domain)).await
}
