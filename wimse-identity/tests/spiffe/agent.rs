//! A Workload API server. Its messages are written down here once more, from the published `workloadapi.proto`, so that a wrong
//! number on the other side shows.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio_stream::wrappers::{TcpListenerStream, UnixListenerStream, WatchStream};
use tokio_stream::{Stream, StreamExt};
use tonic::server::{Grpc, NamedService, ServerStreamingService};
use tonic::transport::Server;
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct WitsvidRequest {
    #[prost(string, tag = "1")]
    pub(crate) spiffe_id: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct WitsvidResponse {
    #[prost(message, repeated, tag = "1")]
    pub(crate) svids: Vec<Witsvid>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Witsvid {
    #[prost(string, tag = "1")]
    pub(crate) spiffe_id: String,
    #[prost(string, tag = "2")]
    pub(crate) wit_svid: String,
    #[prost(string, tag = "3")]
    pub(crate) wit_svid_key: String,
    #[prost(string, tag = "4")]
    pub(crate) hint: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct WitBundlesRequest {}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct WitBundlesResponse {
    #[prost(btree_map = "string, string", tag = "1")]
    pub(crate) bundles: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct X509svidRequest {}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct X509svidResponse {
    #[prost(message, repeated, tag = "1")]
    pub(crate) svids: Vec<X509svid>,
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub(crate) crl: Vec<Vec<u8>>,
    #[prost(btree_map = "string, bytes", tag = "3")]
    pub(crate) federated_bundles: BTreeMap<String, Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct X509svid {
    #[prost(string, tag = "1")]
    pub(crate) spiffe_id: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) x509_svid: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) x509_svid_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    pub(crate) bundle: Vec<u8>,
    #[prost(string, tag = "5")]
    pub(crate) hint: String,
}

type Said<T> = watch::Sender<Result<T, Code>>;

/// What the agent says at present, to each stream that there is and to each that comes.
pub(crate) struct State {
    pub(crate) svids: Said<WitsvidResponse>,
    pub(crate) bundles: Said<WitBundlesResponse>,
    pub(crate) x509: Said<X509svidResponse>,
    pub(crate) calls: AtomicUsize,
    pub(crate) asked_for: Mutex<Vec<String>>,
}

pub(crate) struct Agent {
    pub(crate) state: Arc<State>,
    pub(crate) endpoint: String,
    path: PathBuf,
    /// Its own, so that its end is also that of its connections.
    runtime: Option<Runtime>,
}

static SOCKETS: AtomicUsize = AtomicUsize::new(0);

impl Agent {
    pub(crate) fn start() -> Self {
        let unique = SOCKETS.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("wimse-{}-{unique}.sock", std::process::id()));
        let state = State {
            svids: watch::Sender::new(Err(Code::Unavailable)),
            bundles: watch::Sender::new(Err(Code::Unavailable)),
            x509: watch::Sender::new(Err(Code::Unavailable)),
            calls: AtomicUsize::new(0),
            asked_for: Mutex::default(),
        };
        let endpoint = format!("unix://{}", path.display());
        let mut agent = Self { state: Arc::new(state), endpoint, path, runtime: None };
        agent.restart();
        agent
    }

    /// Listens again at the same place.
    pub(crate) fn restart(&mut self) {
        self.stop();
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let guard = runtime.enter();
        let listener = UnixListener::bind(&self.path).unwrap();
        let server = Server::builder().add_service(WorkloadApi(Arc::clone(&self.state)));
        runtime.spawn(server.serve_with_incoming(UnixListenerStream::new(listener)));
        drop(guard);
        self.runtime = Some(runtime);
    }

    /// Listens at an address of this host as well, which it returns.
    pub(crate) async fn listen_on_tcp(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
        let server = Server::builder().add_service(WorkloadApi(Arc::clone(&self.state)));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        endpoint
    }

    /// Breaks every connection.
    pub(crate) fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        let _ = std::fs::remove_file(&self.path);
    }

    pub(crate) fn says_svids(&self, svids: impl IntoIterator<Item = Witsvid>) {
        let _ = self.state.svids.send_replace(Ok(WitsvidResponse { svids: svids.into_iter().collect() }));
    }

    pub(crate) fn says_bundles<'a>(&self, bundles: impl IntoIterator<Item = (&'a str, String)>) {
        let bundles = bundles.into_iter().map(|(name, keys)| (name.to_owned(), keys)).collect();
        let _ = self.state.bundles.send_replace(Ok(WitBundlesResponse { bundles }));
    }

    pub(crate) fn says_x509(&self, svids: impl IntoIterator<Item = X509svid>) {
        self.says_x509_and(svids, []);
    }

    pub(crate) fn says_x509_and<'a>(
        &self,
        svids: impl IntoIterator<Item = X509svid>,
        federated: impl IntoIterator<Item = (&'a str, Vec<u8>)>,
    ) {
        let federated_bundles = federated.into_iter().map(|(name, der)| (name.to_owned(), der)).collect();
        // Lists that nobody reads must not be in the way.
        let crl = vec![b"a list".to_vec()];
        let svids = svids.into_iter().collect();
        let _ = self.state.x509.send_replace(Ok(X509svidResponse { svids, crl, federated_bundles }));
    }

    pub(crate) fn refuses(&self, code: Code) {
        let _ = self.state.x509.send_replace(Err(code));
        let _ = self.state.svids.send_replace(Err(code));
        let _ = self.state.bundles.send_replace(Err(code));
    }

    pub(crate) fn calls(&self) -> usize {
        self.state.calls.load(Ordering::SeqCst)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits up to five seconds for something that must come true.
pub(crate) async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..500 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("in vain: {what}");
}

#[derive(Clone)]
struct WorkloadApi(Arc<State>);

impl NamedService for WorkloadApi {
    const NAME: &'static str = "SpiffeWorkloadAPI";
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Everything that is said from now on, up to the first refusal.
fn answers<T: Clone + Send + Sync + 'static>(
    said: &Said<T>,
    state: &State,
    metadata: &tonic::metadata::MetadataMap,
) -> Result<Response<Answers<T>>, Status> {
    state.calls.fetch_add(1, Ordering::SeqCst);
    if metadata.get("workload.spiffe.io").is_none_or(|value| value != "true") {
        return Err(Status::invalid_argument("security header missing from request"));
    }
    let mut over = false;
    let answers = WatchStream::new(said.subscribe()).map_while(move |said| {
        if over {
            return None;
        }
        over = said.is_err();
        Some(said.map_err(|code| Status::new(code, "so it is")))
    });
    Ok(Response::new(Box::pin(answers)))
}

struct Svids(Arc<State>);

impl ServerStreamingService<WitsvidRequest> for Svids {
    type Response = WitsvidResponse;
    type ResponseStream = Answers<WitsvidResponse>;
    type Future = std::future::Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<WitsvidRequest>) -> Self::Future {
        self.0.asked_for.lock().unwrap().push(request.get_ref().spiffe_id.clone());
        std::future::ready(answers(&self.0.svids, &self.0, request.metadata()))
    }
}

struct Bundles(Arc<State>);

impl ServerStreamingService<WitBundlesRequest> for Bundles {
    type Response = WitBundlesResponse;
    type ResponseStream = Answers<WitBundlesResponse>;
    type Future = std::future::Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<WitBundlesRequest>) -> Self::Future {
        std::future::ready(answers(&self.0.bundles, &self.0, request.metadata()))
    }
}

struct X509Svids(Arc<State>);

impl ServerStreamingService<X509svidRequest> for X509Svids {
    type Response = X509svidResponse;
    type ResponseStream = Answers<X509svidResponse>;
    type Future = std::future::Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<X509svidRequest>) -> Self::Future {
        std::future::ready(answers(&self.0.x509, &self.0, request.metadata()))
    }
}

impl<B> tower::Service<http::Request<B>> for WorkloadApi
where
    B: http_body::Body + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send + 'static,
    B::Data: Send,
{
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let state = Arc::clone(&self.0);
        Box::pin(async move {
            Ok(match request.uri().path() {
                "/SpiffeWorkloadAPI/FetchWITSVID" => {
                    let mut grpc = Grpc::new(ProstCodec::<WitsvidResponse, WitsvidRequest>::default());
                    grpc.server_streaming(Svids(state), request).await
                }
                "/SpiffeWorkloadAPI/FetchWITBundles" => {
                    let mut grpc = Grpc::new(ProstCodec::<WitBundlesResponse, WitBundlesRequest>::default());
                    grpc.server_streaming(Bundles(state), request).await
                }
                "/SpiffeWorkloadAPI/FetchX509SVID" => {
                    let mut grpc = Grpc::new(ProstCodec::<X509svidResponse, X509svidRequest>::default());
                    grpc.server_streaming(X509Svids(state), request).await
                }
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}
