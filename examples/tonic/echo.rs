//! A gRPC service with a unary and a streaming method, written out instead of generated, so that building it
//! needs no `protoc`. A real service would be generated; the layers around it stay the same.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio_stream::{Stream, StreamExt};
use tonic::server::{Grpc, ServerStreamingService, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use wimse::Peer;

/// The message in both directions.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Text {
    /// Its text.
    #[prost(string, tag = "1")]
    pub text: String,
}

/// The path of the unary method.
pub(crate) const SAY: &str = "/echo.Echo/Say";
/// The path of the streaming method.
pub(crate) const REPEAT: &str = "/echo.Echo/Repeat";

/// The server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Echo;

impl tonic::server::NamedService for Echo {
    const NAME: &'static str = "echo.Echo";
}

/// Who calls: the layer in front of the service put it into the extensions.
fn caller<T>(request: &Request<T>) -> Result<String, Status> {
    let peer = request.extensions().get::<Peer>();
    peer.map(|peer| peer.id().to_string()).ok_or_else(|| Status::internal("no authentication layer"))
}

struct Say;

impl UnaryService<Text> for Say {
    type Response = Text;
    type Future = std::future::Ready<Result<Response<Text>, Status>>;

    fn call(&mut self, request: Request<Text>) -> Self::Future {
        let caller = caller(&request);
        std::future::ready(
            caller.map(|c| Response::new(Text { text: format!("{c}: {}", request.get_ref().text) })),
        )
    }
}

struct Repeat;

impl ServerStreamingService<Text> for Repeat {
    type Response = Text;
    type ResponseStream = Pin<Box<dyn Stream<Item = Result<Text, Status>> + Send>>;
    type Future = std::future::Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Text>) -> Self::Future {
        std::future::ready(caller(&request).map(|caller| {
            let text = request.into_inner().text;
            let lines = (1..=3).map(move |i| Ok(Text { text: format!("{caller}: {text} {i}") }));
            Response::new(Box::pin(tokio_stream::iter(lines)) as Self::ResponseStream)
        }))
    }
}

impl<B> tower::Service<http::Request<B>> for Echo
where
    B: http_body::Body + Send + 'static,
    B::Error: Into<tonic::codegen::StdError> + Send + 'static,
    B::Data: Send,
{
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::<Text, Text>::default());
            Ok(match request.uri().path() {
                SAY => grpc.unary(Say, request).await,
                REPEAT => grpc.server_streaming(Repeat, request).await,
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

/// The client, over a `Channel` or a `Channel` with layers.
#[derive(Debug, Clone)]
pub(crate) struct EchoClient<T> {
    inner: tonic::client::Grpc<T>,
}

impl<T> EchoClient<T>
where
    T: tonic::client::GrpcService<tonic::body::Body>,
    T::Error: Into<tonic::codegen::StdError>,
    T::ResponseBody: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    <T::ResponseBody as http_body::Body>::Error: Into<tonic::codegen::StdError> + Send,
{
    /// A client over this channel.
    pub(crate) fn new(channel: T) -> Self {
        Self { inner: tonic::client::Grpc::new(channel) }
    }

    /// Calls the unary method.
    pub(crate) async fn say(&mut self, text: &str) -> Result<String, Status> {
        self.ready().await?;
        let codec = ProstCodec::<Text, Text>::default();
        let request = Request::new(Text { text: text.to_owned() });
        let path = http::uri::PathAndQuery::from_static(SAY);
        Ok(self.inner.unary(request, path, codec).await?.into_inner().text)
    }

    /// Calls the streaming method and collects its messages.
    pub(crate) async fn repeat(&mut self, text: &str) -> Result<Vec<String>, Status> {
        self.ready().await?;
        let codec = ProstCodec::<Text, Text>::default();
        let request = Request::new(Text { text: text.to_owned() });
        let path = http::uri::PathAndQuery::from_static(REPEAT);
        let stream = self.inner.server_streaming(request, path, codec).await?.into_inner();
        stream.map(|message| message.map(|m| m.text)).collect().await
    }

    async fn ready(&mut self) -> Result<(), Status> {
        self.inner.ready().await.map_err(|error| Status::unavailable(error.into().to_string()))
    }
}
