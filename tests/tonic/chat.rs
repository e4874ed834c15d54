//! A gRPC service with a stream of messages to the server, one in both directions, and one that breaks off, and a client of it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::uri::PathAndQuery;
use tokio_stream::{Stream, StreamExt};
use tonic::server::{ClientStreamingService, Grpc, ServerStreamingService, StreamingService, UnaryService};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use wimse::{Callee, SignOptions};

use crate::echo::Text;

type Texts = Pin<Box<dyn Stream<Item = Result<Text, Status>> + Send>>;
type Answer<T> = Pin<Box<dyn Future<Output = Result<Response<T>, Status>> + Send>>;

const JOIN: &str = "/chat.Chat/Join";
const TALK: &str = "/chat.Chat/Talk";
const BREAK: &str = "/chat.Chat/Break";
const FAIL: &str = "/chat.Chat/Fail";

/// The server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chat;

impl tonic::server::NamedService for Chat {
    const NAME: &'static str = "chat.Chat";
}

/// Waits for all messages, and answers with all of them.
struct Join;

impl ClientStreamingService<Text> for Join {
    type Response = Text;
    type Future = Answer<Text>;

    fn call(&mut self, request: Request<Streaming<Text>>) -> Self::Future {
        Box::pin(async {
            let texts: Vec<_> = request.into_inner().map(|message| message.unwrap().text).collect().await;
            Ok(Response::new(Text { text: texts.join(" ") }))
        })
    }
}

/// Answers each message at once.
struct Talk;

impl StreamingService<Text> for Talk {
    type Response = Text;
    type ResponseStream = Texts;
    type Future = Answer<Texts>;

    fn call(&mut self, request: Request<Streaming<Text>>) -> Self::Future {
        let answers =
            request.into_inner().map(|message| message.map(|m| Text { text: format!("{}?", m.text) }));
        Box::pin(std::future::ready(Ok(Response::new(Box::pin(answers) as Texts))))
    }
}

/// Says something, and fails.
struct Break;

impl ServerStreamingService<Text> for Break {
    type Response = Text;
    type ResponseStream = Texts;
    type Future = Answer<Texts>;

    fn call(&mut self, request: Request<Text>) -> Self::Future {
        let first = Ok(request.into_inner());
        let texts = tokio_stream::iter([first, Err(Status::data_loss("no more apples"))]);
        Box::pin(std::future::ready(Ok(Response::new(Box::pin(texts) as Texts))))
    }
}

/// Fails at once.
struct Fail;

impl UnaryService<Text> for Fail {
    type Response = Text;
    type Future = Answer<Text>;

    fn call(&mut self, _: Request<Text>) -> Self::Future {
        Box::pin(std::future::ready(Err(Status::not_found("no apples"))))
    }
}

impl<B> tower::Service<http::Request<B>> for Chat
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
                JOIN => grpc.client_streaming(Join, request).await,
                TALK => grpc.streaming(Talk, request).await,
                BREAK => grpc.server_streaming(Break, request).await,
                FAIL => grpc.unary(Fail, request).await,
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

/// What came back, with who signed it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answered<T> {
    pub(crate) message: T,
    pub(crate) callee: Option<String>,
}

impl<T> From<Response<T>> for Answered<T> {
    fn from(response: Response<T>) -> Self {
        let callee = response.extensions().get::<Callee>();
        let callee = callee.map(|Callee(peer)| peer.id().to_string());
        Self { message: response.into_inner(), callee }
    }
}

/// The client, with options for each call, as an application gives them: in the request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct ChatClient<T> {
    inner: tonic::client::Grpc<T>,
    options: Option<SignOptions>,
}

fn texts(texts: &[&str]) -> Vec<Text> {
    texts.iter().map(|&text| Text { text: text.to_owned() }).collect()
}

impl<T> ChatClient<T>
where
    T: tonic::client::GrpcService<tonic::body::Body>,
    T::Error: Into<tonic::codegen::StdError>,
    T::ResponseBody: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    <T::ResponseBody as http_body::Body>::Error: Into<tonic::codegen::StdError> + Send,
{
    pub(crate) fn new(channel: T) -> Self {
        Self { inner: tonic::client::Grpc::new(channel), options: None }
    }

    /// With an origin, which a request's URI then has.
    pub(crate) fn with_origin(channel: T, origin: &str) -> Self {
        let origin = origin.parse().unwrap();
        Self { inner: tonic::client::Grpc::with_origin(channel, origin), options: None }
    }

    /// Options for the calls from now on.
    pub(crate) fn with(mut self, options: SignOptions) -> Self {
        self.options = Some(options);
        self
    }

    fn request<M>(&self, message: M) -> Request<M> {
        let mut request = Request::new(message);
        if let Some(options) = self.options.clone() {
            request.extensions_mut().insert(options);
        }
        request
    }

    async fn ready(&mut self) {
        assert!(self.inner.ready().await.is_ok());
    }

    /// Messages that are all there.
    pub(crate) async fn join(&mut self, messages: &[&str]) -> Result<Answered<Text>, Status> {
        self.join_stream(tokio_stream::iter(texts(messages))).await
    }

    pub(crate) async fn join_stream(
        &mut self,
        messages: impl Stream<Item = Text> + Send + 'static,
    ) -> Result<Answered<Text>, Status> {
        self.ready().await;
        let (request, codec) = (self.request(messages), ProstCodec::<Text, Text>::default());
        let response = self.inner.client_streaming(request, PathAndQuery::from_static(JOIN), codec).await;
        response.map(Into::into)
    }

    pub(crate) async fn talk(
        &mut self,
        messages: impl Stream<Item = Text> + Send + 'static,
    ) -> Result<Answered<Streaming<Text>>, Status> {
        self.ready().await;
        let (request, codec) = (self.request(messages), ProstCodec::<Text, Text>::default());
        let response = self.inner.streaming(request, PathAndQuery::from_static(TALK), codec).await;
        response.map(Into::into)
    }

    /// The messages before the end, and how it ended.
    pub(crate) async fn breaks(&mut self, text: &str) -> Result<(Vec<String>, Result<(), Status>), Status> {
        self.ready().await;
        let (request, codec) = (self.request(texts(&[text]).remove(0)), ProstCodec::<Text, Text>::default());
        let path = PathAndQuery::from_static(BREAK);
        let mut stream = self.inner.server_streaming(request, path, codec).await?.into_inner();
        let mut before = Vec::new();
        loop {
            match stream.message().await {
                Ok(Some(message)) => before.push(message.text),
                Ok(None) => return Ok((before, Ok(()))),
                Err(status) => return Ok((before, Err(status))),
            }
        }
    }

    pub(crate) async fn fails(&mut self) -> Result<Answered<Text>, Status> {
        self.ready().await;
        let (request, codec) = (self.request(Text::default()), ProstCodec::<Text, Text>::default());
        self.inner.unary(request, PathAndQuery::from_static(FAIL), codec).await.map(Into::into)
    }
}
