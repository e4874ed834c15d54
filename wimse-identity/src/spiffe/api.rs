//! The SPIFFE Workload API: the metadata that every call needs, and the methods and messages that are about WITs.
//!
//! Names and numbers are those of the published `workloadapi.proto`, in which the service is in no package. They are written out here
//! so that building needs no `protoc`.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use http::uri::PathAndQuery;
use tonic::client::Grpc;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstCodec;

use super::endpoint::Endpoint;

/// The largest message that is read, in octets.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// How long connecting may take, and how long a dead connection goes unnoticed.
const CONNECT: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// A method of the Workload API that answers with a stream, of which each message replaces the one before.
pub(super) trait Method {
    /// What is sent.
    type Request: prost::Message + Default + Clone + 'static;
    /// What comes.
    type Answer: prost::Message + Default + 'static;
    /// The method's path.
    const PATH: &'static str;
    /// What the method is for.
    const PROFILE: &'static str;
}

/// `FetchWITSVID`.
pub(super) struct FetchWitSvid;

impl Method for FetchWitSvid {
    type Request = WitSvidRequest;
    type Answer = WitSvidResponse;
    const PATH: &'static str = "/SpiffeWorkloadAPI/FetchWITSVID";
    const PROFILE: &'static str = "WIT-SVIDs";
}

/// `FetchWITBundles`.
pub(super) struct FetchWitBundles;

impl Method for FetchWitBundles {
    type Request = WitBundlesRequest;
    type Answer = WitBundlesResponse;
    const PATH: &'static str = "/SpiffeWorkloadAPI/FetchWITBundles";
    const PROFILE: &'static str = "WIT-SVIDs";
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct WitSvidRequest {
    /// The SPIFFE ID that is asked for; empty for all that the workload has.
    #[prost(string, tag = "1")]
    pub(super) spiffe_id: String,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct WitSvidResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) svids: Vec<WitSvid>,
}

/// One identity with its token and its private key, which `Debug` does not show.
#[derive(Clone, PartialEq, Eq, prost::Message)]
#[prost(skip_debug)]
pub(super) struct WitSvid {
    #[prost(string, tag = "1")]
    pub(super) spiffe_id: String,
    #[prost(string, tag = "2")]
    pub(super) wit_svid: String,
    /// A private JWK.
    #[prost(string, tag = "3")]
    pub(super) wit_svid_key: String,
    /// What the operator says that this identity is for.
    #[prost(string, tag = "4")]
    pub(super) hint: String,
}

impl fmt::Debug for WitSvid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WitSvid").field("spiffe_id", &self.spiffe_id).finish_non_exhaustive()
    }
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct WitBundlesRequest {}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct WitBundlesResponse {
    /// JWK Sets by the SPIFFE ID of their trust domain.
    #[prost(map = "string, string", tag = "1")]
    pub(super) bundles: HashMap<String, String>,
}

/// Connects anew and calls the method.
pub(super) async fn call<M: Method>(
    endpoint: &Endpoint,
    message: M::Request,
) -> Result<Streaming<M::Answer>, Status> {
    let unreachable = |error: tonic::transport::Error| Status::unavailable(causes(&error));
    let channel: Channel = tonic::transport::Endpoint::from_shared(endpoint.target())
        .map_err(unreachable)?
        .connect_timeout(CONNECT)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .keep_alive_while_idle(true)
        .connect()
        .await
        .map_err(unreachable)?;
    let mut grpc = Grpc::new(channel).max_decoding_message_size(MAX_MESSAGE);
    grpc.ready().await.map_err(unreachable)?;
    let mut request = Request::new(message);
    // Keeps others from being tricked into calls on the workload's behalf (SPIFFE Workload Endpoint §3).
    request.metadata_mut().insert("workload.spiffe.io", MetadataValue::from_static("true"));
    let codec = ProstCodec::<M::Request, M::Answer>::default();
    let stream = grpc.server_streaming(request, PathAndQuery::from_static(M::PATH), codec).await?;
    Ok(stream.into_inner())
}

/// The error with what caused it: by itself it says no more than that there is one.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_01_debug_shows_neither_token_nor_key() {
        let svid = WitSvid {
            spiffe_id: "spiffe://example.org/a".to_owned(),
            wit_svid: "token".to_owned(),
            wit_svid_key: "secret".to_owned(),
            hint: String::new(),
        };
        let shown = format!("{:?}", WitSvidResponse { svids: vec![svid] });
        assert!(shown.contains("spiffe://example.org/a"), "{shown}");
        assert!(!shown.contains("token") && !shown.contains("secret"), "{shown}");
    }
}
