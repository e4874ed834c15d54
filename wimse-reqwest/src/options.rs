//! Choices for a single request.

use reqwest_middleware::RequestBuilder;
use wimse_core::SignOptions;

/// Adds `.wimse(…)` to reqwest-middleware's request builder.
pub trait RequestBuilderExt {
    /// Changes how this one request is signed: its audience, its expected callee, or not at all.
    ///
    /// ```
    /// # use wimse_reqwest::RequestBuilderExt;
    /// # fn f(client: reqwest_middleware::ClientWithMiddleware) -> reqwest_middleware::RequestBuilder {
    /// client.get("https://public.example.com/health").wimse(|options| options.skip())
    /// # }
    /// ```
    #[must_use]
    fn wimse(self, change: impl FnOnce(SignOptions) -> SignOptions) -> Self;
}

impl RequestBuilderExt for RequestBuilder {
    fn wimse(mut self, change: impl FnOnce(SignOptions) -> SignOptions) -> Self {
        let options = self.extensions().remove::<SignOptions>().unwrap_or_default();
        self.with_extension(change(options))
    }
}
