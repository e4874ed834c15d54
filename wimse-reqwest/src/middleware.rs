//! The middleware: sign, send, make sure that the credentials stayed where they were meant to go, and check the response.

use async_trait::async_trait;
use http::{Extensions, Uri};
use reqwest::{Url, redirect};
use reqwest_middleware::{Middleware, Next, Result};
use wimse_core::content::DEFAULT_CONTENT_LIMIT;
use wimse_core::{ExpectedResponse, SignError, SignOptions, Signer};

use crate::WimseError;
use crate::body::read;
use crate::response::checked;

/// Signs requests, and checks the responses that are signed. Put it after a retry middleware, which then has every
/// attempt signed afresh.
#[derive(Debug, Clone)]
pub struct WimseMiddleware {
    signer: Signer,
    body_limit: Option<usize>,
    response_limit: usize,
}

impl WimseMiddleware {
    /// A middleware that signs with `signer`.
    ///
    /// An HTTP signature covers the content. Bodies that reqwest holds in memory are signed as they are: bytes, text,
    /// JSON, forms. For streams see [`WimseMiddleware::buffer_bodies`].
    pub fn new(signer: Signer) -> Self {
        Self { signer, body_limit: None, response_limit: DEFAULT_CONTENT_LIMIT }
    }

    /// Reads streams that get an HTTP signature, up to `limit` octets, before they are sent. Default: a stream is refused with
    /// [`SignError::ContentUnavailable`].
    #[must_use]
    pub fn buffer_bodies(mut self, limit: usize) -> Self {
        self.body_limit = Some(limit);
        self
    }

    /// How much content of a signed response is read to check it, in octets. Default 2 MiB.
    #[must_use]
    pub fn response_limit(mut self, octets: usize) -> Self {
        self.response_limit = octets;
        self
    }

    async fn sign(
        &self,
        request: &mut reqwest::Request,
        target: &Uri,
        options: &SignOptions,
    ) -> Result<ExpectedResponse> {
        let mut body = request.body_mut().take();
        let stream = body.as_ref().is_some_and(|body| body.as_bytes().is_none());
        if let (true, true, Some(limit)) = (stream, self.signer.needs_content(options), self.body_limit) {
            let read = read(body.take().unwrap_or_default(), limit, |_| ()).await?;
            body = Some(read.map_err(SignError::from).map_err(WimseError::from)?.into());
        }
        let content = body.as_ref().map_or(Some(b"".as_slice()), reqwest::Body::as_bytes);
        let method = request.method().clone();
        let signed = self.signer.sign(&method, target, request.headers_mut(), content, options);
        *request.body_mut() = body;
        Ok(signed.map_err(WimseError::from)?)
    }
}

/// A `reqwest::ClientBuilder` that follows no redirects: a proof is for one target, and reqwest would send the
/// Workload Identity Token on to whatever origin it is redirected to. The application sees the 3xx response and can send a
/// new request, which is then signed for its own target.
///
/// Proxies of the environment are not used either, since plain `http`, where it is allowed, would take the credentials
/// to them; a proxy for `https`, which only tunnels, can be set with `reqwest::ClientBuilder::proxy`. Responses are not
/// decompressed before their signature is checked, which is over the content as it travels.
///
/// Default headers of a client are added after signing: a `Content-Type` or `Authorization` among them is refused by
/// the callee of a request with an HTTP signature, which must cover it. Set those on the request.
pub fn client_builder() -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder().redirect(redirect::Policy::none()).no_proxy();
    builder.no_gzip().no_brotli().no_zstd().no_deflate()
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
            let _ = self.sign(&mut request, &Uri::default(), &options).await?;
            return next.run(request, extensions).await;
        }
        let url = target(request.url())?;
        let uri: Uri = url.as_str().parse().map_err(|_| WimseError::Url)?;
        let expected = self.sign(&mut request, &uri, &options).await?;
        let response = next.run(request, extensions).await?;
        let mut answered = response.url().clone();
        answered.set_fragment(None);
        if answered != url {
            return Err(WimseError::RedirectFollowed.into());
        }
        checked(response, expected, self.response_limit).await
    }
}

/// The URL as it goes over the wire.
fn target(url: &Url) -> std::result::Result<Url, WimseError> {
    let mut url = url.clone();
    // Only in a request made by hand: reqwest's request builder turns user information into an Authorization
    // field.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(WimseError::Url);
    }
    url.set_fragment(None);
    Ok(url)
}
