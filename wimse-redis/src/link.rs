//! A connection to a server or to a cluster.

use redis::aio::MultiplexedConnection;
#[cfg(feature = "cluster")]
use redis::cluster::ClusterClient;
#[cfg(feature = "cluster")]
use redis::cluster_async::ClusterConnection;
#[cfg(feature = "cluster")]
use redis::cluster_routing::{Route, SingleNodeRoutingInfo, SlotAddr};
use redis::{AsyncConnectionConfig, Client, Pipeline, Value};

use crate::fault::Fault;
use crate::keeper::PATIENCE;
use crate::question::{Question, Reply};

/// Questions that may wait to be sent. More wait in front of the connection, within their time-out.
const QUEUE: usize = 1_024;

/// Where Redis is.
pub(crate) enum Address {
    Server(Box<Client>),
    #[cfg(feature = "cluster")]
    Cluster(Box<ClusterClient>),
}

/// An open connection. Clones share it.
#[derive(Clone)]
pub(crate) enum Link {
    Server(MultiplexedConnection),
    #[cfg(feature = "cluster")]
    Cluster(ClusterConnection),
}

impl Address {
    pub(crate) async fn open(&self) -> Result<Link, Fault> {
        match self {
            Self::Server(client) => {
                // Each question has a time-out of its own.
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(PATIENCE))
                    .set_response_timeout(None)
                    .set_pipeline_buffer_size(QUEUE);
                let connection = client.get_multiplexed_async_connection_with_config(&config).await;
                connection.map(Link::Server).map_err(|error| Fault::of(&error))
            }
            #[cfg(feature = "cluster")]
            Self::Cluster(client) => {
                client.get_async_connection().await.map(Link::Cluster).map_err(|error| Fault::of(&error))
            }
        }
    }
}

impl Link {
    pub(crate) async fn ask(&mut self, question: &Question<'_>) -> Result<Reply, Fault> {
        let values = self.send(question.pipeline(), question.len(), question.mark).await?;
        question.read(values)
    }

    /// Sends commands to the server that has `key`, in one piece.
    pub(crate) async fn send(
        &mut self,
        pipeline: Pipeline,
        len: usize,
        key: &str,
    ) -> Result<Vec<Value>, Fault> {
        let answer = match self {
            Self::Server(connection) => connection.send_packed_commands(&pipeline, 0, len).await,
            #[cfg(feature = "cluster")]
            Self::Cluster(connection) => {
                let route = SingleNodeRoutingInfo::SpecificNode(Route::with_key(key, SlotAddr::Master));
                connection.route_pipeline(pipeline, 0, len, route).await
            }
        };
        #[cfg(not(feature = "cluster"))]
        let _ = key;
        answer.map_err(|error| Fault::of(&error))
    }
}
