//! A tonic server that authenticates its callers, and a tonic client that signs its calls, unary and streaming.

mod echo;

use std::error::Error;

use echo::{Echo, EchoClient};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Server};
use tower::ServiceBuilder;
use wimse::testing::TestDomain;
use wimse::tower::{AuthenticateLayer, SignLayer};
use wimse::{Audience, Audiences, Signer};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    // Stands in for an identity server.
    let domain = TestDomain::new("example.com");

    let verifier = domain.verifier(Audiences::base_url(&base)).build()?;
    let server = Server::builder().layer(AuthenticateLayer::new(verifier)).add_service(Echo);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));

    let signer = Signer::builder()
        .credentials(domain.workload("/frontend").credential().clone())
        // A tonic request has a path and nothing else before the channel sends it.
        .audience(Audience::base_url(&base)?)
        .allow_unknown_transport()
        .build()?;
    let channel = Channel::from_shared(base)?.connect().await?;
    let mut signed =
        EchoClient::new(ServiceBuilder::new().layer(SignLayer::new(signer)).service(channel.clone()));
    println!("{}", signed.say("hello").await?);
    println!("{:?}", signed.repeat("hello").await?);

    match EchoClient::new(channel).say("hello").await {
        Err(status) => println!("without credentials: {:?}, {}", status.code(), status.message()),
        Ok(_) => return Err("an unsigned call was answered".into()),
    }
    Ok(())
}
