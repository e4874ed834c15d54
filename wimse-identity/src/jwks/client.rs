//! One request for one key set.

use std::error::Error;
use std::time::Duration;

use reqwest::header::{ACCEPT, ETAG, HeaderValue, IF_NONE_MATCH};
use reqwest::{Client, StatusCode, Url};
use wimse_core::jose::JwkSet;

use super::freshness::freshness;
use crate::SourceError;

/// The longest entity tag that is sent back, in octets.
const MAX_ETAG: usize = 1_024;

/// Where the keys of one domain are.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) client: Client,
    pub(super) url: Url,
    pub(super) max_size: usize,
}

/// A good answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// The keys and their entity tag; `None` if they are those with the tag that was sent.
    pub(super) keys: Option<(JwkSet, Option<HeaderValue>)>,
    pub(super) freshness: Option<Duration>,
}

impl Endpoint {
    /// Asks for the keys, unless they are still those of this entity tag.
    pub(super) async fn fetch(&self, known: Option<&HeaderValue>) -> Result<Answer, SourceError> {
        let mut request =
            self.client.get(self.url.clone()).header(ACCEPT, "application/jwk-set+json, application/json");
        if let Some(tag) = known {
            request = request.header(IF_NONE_MATCH, tag);
        }
        let mut response = request.send().await.map_err(|error| self.failed(error, "jwks_unreachable"))?;
        let freshness = freshness(response.headers());
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED if known.is_some() => return Ok(Answer { keys: None, freshness }),
            status if status.is_redirection() && status != StatusCode::NOT_MODIFIED => {
                return Err(self.fault("jwks_redirect", "a redirect, which is not followed"));
            }
            status => return Err(self.fault("jwks_status", format_args!("status {status}"))),
        }
        let too_large = || self.fault("jwks_too_large", format_args!("more than {} octets", self.max_size));
        let limit = u64::try_from(self.max_size).unwrap_or(u64::MAX);
        if response.content_length().is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| self.failed(error, "jwks_interrupted"))?
        {
            if chunk.len() > self.max_size.saturating_sub(body.len()) {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        let text = std::str::from_utf8(&body).map_err(|_| self.fault("key_json", "not UTF-8"))?;
        let keys = JwkSet::parse(text).map_err(|error| self.fault(error.reason(), error))?;
        let tag = response.headers().get(ETAG).filter(|tag| tag.len() <= MAX_ETAG).cloned();
        Ok(Answer { keys: Some((keys, tag)), freshness })
    }

    /// What went wrong, by the host alone: a path or query may be confidential.
    pub(super) fn fault(&self, reason: &'static str, what: impl std::fmt::Display) -> SourceError {
        let host = self.url.host_str().unwrap_or_default();
        SourceError::new(reason, format_args!("{host} did not give usable keys: {what}"))
    }

    fn failed(&self, error: reqwest::Error, reason: &'static str) -> SourceError {
        let reason = if error.is_timeout() { "jwks_timeout" } else { reason };
        self.fault(reason, chain(&error.without_url()))
    }
}

/// An error with all that caused it, which reqwest's own text leaves out.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
