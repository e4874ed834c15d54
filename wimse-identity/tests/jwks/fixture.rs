//! A server that publishes an issuer's keys, and a source that follows it.

use std::time::Duration;

use wimse_core::Verifier;
use wimse_identity::jwks::{JwksAnchors, JwksAnchorsBuilder};

use crate::common::{Issuer, Log, eventually, verifier};
use crate::server::{Authority, Reply, Server};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const DOMAIN: &str = "wimse://example.com";

pub(crate) struct World {
    pub(crate) authority: Authority,
    pub(crate) server: Server,
    pub(crate) issuer: Issuer,
    pub(crate) log: Log,
}

impl World {
    pub(crate) async fn new() -> Self {
        let authority = Authority::new();
        let server = Server::start(&authority).await;
        let issuer = Issuer::new("example.com", "k1");
        server.always(Reply::ok(issuer.set()));
        Self { authority, server, issuer, log: Log::default() }
    }

    /// A source that trusts the authority and asks again when told to only.
    pub(crate) fn builder(&self) -> JwksAnchorsBuilder {
        JwksAnchors::builder()
            .root_certificates(self.authority.pem())
            .observer(self.log.clone())
            .refresh_interval(600 * SECOND)
    }

    /// A source that asks all the time.
    pub(crate) fn eager(&self) -> JwksAnchorsBuilder {
        let soon = Duration::from_millis(100);
        self.builder().refresh_bounds(soon, soon).domain("example.com", self.server.url())
    }

    pub(crate) async fn ready(&self, builder: JwksAnchorsBuilder) -> (JwksAnchors, Verifier) {
        let source = builder.start().unwrap();
        source.handle().ready(5 * SECOND).await.unwrap();
        let verifier = verifier(source.trust_store());
        (source, verifier)
    }

    /// Waits for as many further requests.
    #[track_caller]
    pub(crate) fn asked(&self, times: usize) -> impl Future<Output = ()> {
        let enough = self.server.requests() + times;
        eventually(move || self.server.requests() >= enough)
    }
}
