//! The layer: what it is configured with.

use tower_layer::Layer;
use wimse_core::{SignOptions, Signer};

use super::Sign;

/// Signs every request of the client inside it.
#[derive(Debug, Clone)]
#[must_use]
pub struct SignLayer {
    signer: Signer,
    options: SignOptions,
}

impl SignLayer {
    /// A layer that signs with `signer`.
    pub fn new(signer: Signer) -> Self {
        Self { signer, options: SignOptions::default() }
    }

    /// Options for requests that bring none of their own.
    pub fn options(mut self, options: SignOptions) -> Self {
        self.options = options;
        self
    }
}

impl<S> Layer<S> for SignLayer {
    type Service = Sign<S>;

    fn layer(&self, inner: S) -> Sign<S> {
        Sign { inner, signer: self.signer.clone(), options: self.options.clone() }
    }
}
