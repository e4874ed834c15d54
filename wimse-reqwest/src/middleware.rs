//! The middleware: sign, send, and make sure that the credentials stayed where they were meant to go.

use async_trait::async_trait;
use http::{Extensions, Uri};
use reqwest::redirect;
use reqwest_middleware::{Middleware, Next, Result};
use wimse_core::{SignOptions, Signer};

use crate::WimseError;

/// Signs requests. Put it after a retry middleware, which then has every attempt signed afresh.
#[derive(Debug, Clone)]
pub struct WimseMiddleware {
    signer: Signer,
}

impl WimseMiddleware {
    /// A middleware that signs with `signer`.
    pub fn new(signer: Signer) -> Self {
        Self { signer }
    }
}

/// A `reqwest::ClientBuilder` that follows no redirects: a proof is for one target, and reqwest would send the
/// Workload Identity Token on to whatever origin it is redirected to. The application sees the 3xx response and can send a
/// new request, which is then signed for its own target.
///
/// Proxies of the environment are not used either, since plain `http`, where it is allowed, would take the credentials
/// to them; a proxy for `https`, which only tunnels, can be set with `reqwest::ClientBuilder::proxy`.
pub fn client_builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder().redirect(redirect::Policy::none()).no_proxy()
}

#[async_trait]
impl Middleware for WimseMiddleware {
    async fn handle(
        &self,
        mut request: reqwest::Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<reqwest::Response> {
        let options = extensions.get::<SignOptions>().cloned().unwrap_or_default();
        if options.is_skipped() {
            let method = request.method().clone();
            let signed = self.signer.sign(&method, &Uri::default(), request.headers_mut(), None, &options);
            let _ = signed.map_err(WimseError::from)?;
            return next.run(request, extensions).await;
        }
        let mut url = request.url().clone();
        // Only in a request made by hand: reqwest's request builder turns user information into an Authorization
        // field, which the signer refuses.
        if !url.username().is_empty() || url.password().is_some() {
            return Err(WimseError::Url.into());
        }
        url.set_fragment(None);
        let target: Uri = url.as_str().parse().map_err(|_| WimseError::Url)?;
        let method = request.method().clone();
        let signed = self.signer.sign(&method, &target, request.headers_mut(), None, &options);
        let _ = signed.map_err(WimseError::from)?;
        let response = next.run(request, extensions).await?;
        let mut answered = response.url().clone();
        answered.set_fragment(None);
        if answered != url {
            return Err(WimseError::RedirectFollowed.into());
        }
        Ok(response)
    }
}
