//! The layer: what it is configured with.

use bytes::Bytes;
use http::HeaderMap;
use tower_layer::Layer;
use wimse_core::content::DEFAULT_CONTENT_LIMIT;
use wimse_core::{SignOptions, Signer};

use super::Sign;
use crate::MaybeBuffered;

/// Signs every request of the client inside it, and checks signed responses to requests with an HTTP signature.
///
/// An HTTP signature covers the content. As it is, the layer signs requests without content only, and refuses others
/// with [`SignError::ContentUnavailable`](wimse_core::SignError::ContentUnavailable): choose with
/// [`SignLayer::buffer_bodies`] how much is read to be signed. A Workload Proof Token needs none of that.
#[derive(Debug, Clone)]
#[must_use]
pub struct SignLayer<W = PassThrough> {
    signer: Signer,
    options: SignOptions,
    response_limit: usize,
    bodies: W,
}

impl SignLayer {
    /// A layer that signs with `signer`.
    pub fn new(signer: Signer) -> Self {
        Self {
            signer,
            options: SignOptions::default(),
            response_limit: DEFAULT_CONTENT_LIMIT,
            bodies: PassThrough,
        }
    }
}

impl<W> SignLayer<W> {
    /// Options for all requests. Those that a request brings in its extensions, as [`SignOptions`], win one by one.
    pub fn options(mut self, options: SignOptions) -> Self {
        self.options = options;
        self
    }

    /// Reads the bodies of requests that get an HTTP signature, up to `limit` octets, before they are sent. `wrap` makes
    /// the inner client's body of it: `|body| body` for a hyper client whose body type is [`MaybeBuffered`],
    /// `tonic::body::Body::new` for a tonic `Channel`.
    ///
    /// A gRPC stream that waits for its sender cannot be signed, since it may wait for the response: that is
    /// [`SignError::ContentUnavailable`](wimse_core::SignError::ContentUnavailable). Use a Workload Proof Token there, for
    /// single calls by [`SignOptions::proof`].
    pub fn buffer_bodies<F>(self, limit: usize, wrap: F) -> SignLayer<Buffered<F>> {
        let Self { signer, options, response_limit, .. } = self;
        SignLayer { signer, options, response_limit, bodies: Buffered { limit, wrap } }
    }

    /// How much content of a signed response is read to check it, in octets. Default 2 MiB.
    pub fn response_limit(mut self, octets: usize) -> Self {
        self.response_limit = octets;
        self
    }
}

/// How the bodies of requests reach the inner client. [`PassThrough`] or [`Buffered`].
pub trait Bodies<B>: sealed::Sealed + Clone {
    /// The inner client's body.
    type Body;

    /// How much of a body may be read to be signed.
    #[doc(hidden)]
    fn limit(&self) -> Option<usize>;

    #[doc(hidden)]
    fn pass(&self, body: B) -> Self::Body;

    #[doc(hidden)]
    fn whole(&self, content: Bytes, trailers: Option<HeaderMap>) -> Option<Self::Body>;
}

/// Bodies go as they are.
#[derive(Debug, Clone, Copy)]
pub struct PassThrough;

/// Bodies are read before they are signed, see [`SignLayer::buffer_bodies`].
#[derive(Debug, Clone, Copy)]
pub struct Buffered<F> {
    limit: usize,
    wrap: F,
}

impl<B> Bodies<B> for PassThrough {
    type Body = B;

    fn limit(&self) -> Option<usize> {
        None
    }

    fn pass(&self, body: B) -> B {
        body
    }

    fn whole(&self, _: Bytes, _: Option<HeaderMap>) -> Option<B> {
        None
    }
}

impl<B, F, To> Bodies<B> for Buffered<F>
where
    F: Fn(MaybeBuffered<B>) -> To + Clone,
{
    type Body = To;

    fn limit(&self) -> Option<usize> {
        Some(self.limit)
    }

    fn pass(&self, body: B) -> To {
        (self.wrap)(MaybeBuffered::streamed(body))
    }

    fn whole(&self, content: Bytes, trailers: Option<HeaderMap>) -> Option<To> {
        Some((self.wrap)(MaybeBuffered::whole(content, trailers)))
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::PassThrough {}
    impl<F> Sealed for super::Buffered<F> {}
}

impl<S, W: Clone> Layer<S> for SignLayer<W> {
    type Service = Sign<S, W>;

    fn layer(&self, inner: S) -> Sign<S, W> {
        Sign {
            inner,
            signer: self.signer.clone(),
            options: self.options.clone(),
            response_limit: self.response_limit,
            bodies: self.bodies.clone(),
        }
    }
}
