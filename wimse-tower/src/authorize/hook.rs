//! Policies that decide at once, and hooks that decide later.

use std::fmt;
use std::future::{Future, Ready, ready};
use std::sync::Arc;

use wimse_core::policy::Decision;
use wimse_core::{Peer, Policy, RequestHead};

/// Decides, now or later, whether a caller may make a request.
pub trait AuthorizeRequest: Clone {
    /// The decision.
    type Future: Future<Output = Decision>;

    /// Begins to decide.
    fn authorize(&self, peer: &Peer, request: &RequestHead<'_>) -> Self::Future;
}

/// A [`Policy`], which decides at once.
pub struct Immediate<P>(pub(super) Arc<P>);

impl<P: Policy> AuthorizeRequest for Immediate<P> {
    type Future = Ready<Decision>;

    fn authorize(&self, peer: &Peer, request: &RequestHead<'_>) -> Self::Future {
        ready(self.0.decide(peer, request))
    }
}

impl<P> Clone for Immediate<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P> fmt::Debug for Immediate<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Immediate")
    }
}

/// An asynchronous closure that decides.
pub struct AsyncHook<F>(pub(super) Arc<F>);

impl<F, Fut, D> AuthorizeRequest for AsyncHook<F>
where
    F: Fn(Peer, &RequestHead<'_>) -> Fut,
    Fut: Future<Output = D>,
    D: Into<Decision>,
{
    type Future = Deciding<Fut>;

    fn authorize(&self, peer: &Peer, request: &RequestHead<'_>) -> Self::Future {
        Deciding { decision: (self.0)(peer.clone(), request) }
    }
}

impl<F> Clone for AsyncHook<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F> fmt::Debug for AsyncHook<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsyncHook")
    }
}

pin_project_lite::pin_project! {
    /// A closure's answer on its way to a [`Decision`].
    #[derive(Debug)]
    pub struct Deciding<Fut> {
        #[pin]
        decision: Fut,
    }
}

impl<Fut: Future<Output = D>, D: Into<Decision>> Future for Deciding<Fut> {
    type Output = Decision;

    fn poll(self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<Decision> {
        self.project().decision.poll(cx).map(Into::into)
    }
}
