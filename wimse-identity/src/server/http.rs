//! HTTP to the identity server: https, no redirects, bounded in size.

use http::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Certificate, Client, ClientBuilder, Proxy, Response, Url, redirect};
use serde::de::DeserializeOwned;
use wimse_core::signer::is_loopback;

use super::builder::BuildError;
use super::protocol::{MAX_MESSAGE, Problem, Refusal};
use crate::SourceError;

/// The longest part of a foreign code that is repeated in an error.
const MAX_CODE: usize = 64;

#[derive(Debug, Clone)]
pub(super) struct Http {
    client: Client,
    base: String,
}

impl Http {
    /// A client for the server with this canonical base URL.
    pub(super) fn new(
        base: String,
        roots: Option<&[u8]>,
        proxy: Option<String>,
        loopback: bool,
    ) -> Result<Self, BuildError> {
        let url = Url::parse(&base).map_err(|_| BuildError::BaseUrl)?;
        let plaintext = url.scheme() != "https";
        if plaintext && !(loopback && is_loopback(url.host_str().unwrap_or_default())) {
            return Err(BuildError::Plaintext);
        }
        let mut builder =
            ClientBuilder::new().redirect(redirect::Policy::none()).https_only(!plaintext).no_proxy();
        if let Some(proxy) = proxy {
            // For https alone: what must not leave this host is not for a proxy either.
            builder = builder.proxy(Proxy::https(proxy).map_err(|_| BuildError::Proxy)?);
        }
        if let Some(pem) = roots {
            let roots = Certificate::from_pem_bundle(pem).map_err(|_| BuildError::RootCertificates)?;
            if roots.is_empty() {
                return Err(BuildError::RootCertificates);
            }
            builder = builder.tls_certs_only(roots);
        }
        Ok(Self { client: builder.build().map_err(|_| BuildError::Tls)?, base })
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    pub(super) fn url(&self, path: &str) -> String {
        [self.base.as_str(), path].concat()
    }

    /// Sends a message and reads the answer.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<T, SourceError> {
        let response = self.client.post(self.url(path)).headers(headers).body(body).send().await;
        let response = response.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let json = media_type.is_some_and(|value| value.split(';').next() == Some("application/json"));
        let content = self.content(response).await?;
        if !status.is_success() {
            return Err(self.refused(status.as_u16(), &content));
        }
        let message = if json { serde_json::from_slice(&content).ok() } else { None };
        message.ok_or_else(|| {
            let (url, expected) = (self.url(path), "application/json of protocol version 1");
            SourceError::new("answer_malformed", format_args!("{url}: the answer is not {expected}"))
        })
    }

    async fn content(&self, mut response: Response) -> Result<Vec<u8>, SourceError> {
        let mut content = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            if content.len() + chunk.len() > MAX_MESSAGE {
                let detail = format_args!("{}: an answer of over {MAX_MESSAGE} octets", self.base);
                return Err(SourceError::new("answer_too_large", detail));
            }
            content.extend_from_slice(&chunk);
        }
        Ok(content)
    }

    fn unreachable(&self, error: &reqwest::Error) -> SourceError {
        let mut why = String::new();
        let mut cause: Option<&dyn std::error::Error> = Some(error);
        while let Some(error) = cause {
            why = format!("{why}: {error}");
            cause = error.source();
        }
        SourceError::new("server_unreachable", format_args!("{}{why}", self.base))
    }

    fn refused(&self, status: u16, content: &[u8]) -> SourceError {
        let base = &self.base;
        let Ok(problem) = serde_json::from_slice::<Problem>(content) else {
            return SourceError::new("server_failed", format_args!("{base} answered with status {status}"));
        };
        match Refusal::from_code(&problem.reason) {
            Some(refusal) => SourceError::new(refusal.code(), format_args!("{base}: {}", refusal.title())),
            None => {
                let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
                let code: String = problem.reason.chars().take(MAX_CODE).filter(plain).collect();
                SourceError::new("server_refused", format_args!("{base}: status {status}, {code}"))
            }
        }
    }
}
