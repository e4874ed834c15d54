//! The layers of `wimse-tower`, told where axum keeps the original request target.

use axum::extract::OriginalUri;
use http::Uri;
use http::request::Parts;
use wimse_core::policy::Decision;
use wimse_core::{Peer, Policy, RequestHead, Verifier};
use wimse_tower::AuthenticateLayer;
use wimse_tower::authorize::{AsyncHook, Immediate};

pub use wimse_tower::AuthorizeLayer;

/// A layer that authenticates callers, for `Router::layer`, `Router::route_layer` and `MethodRouter::layer`.
///
/// Proofs are held against the target that the client sent, also inside `Router::nest`, which strips its prefix
/// from the URI that handlers see. With `Router::layer` requests to unknown paths are refused like any other; with
/// `Router::route_layer` they get their 404 first.
pub fn authenticate(verifier: Verifier) -> AuthenticateLayer {
    AuthenticateLayer::new(verifier).target_uri(original_uri)
}

/// As [`authenticate`], but requests without any credentials pass: [`Workload`](crate::Workload) is then `None`
/// as an `Option` and a 401 otherwise. **Weaker** than [`authenticate`]; invalid credentials are refused all the same.
pub fn authenticate_optional(verifier: Verifier) -> AuthenticateLayer {
    authenticate(verifier).optional()
}

/// A layer that lets only the callers in that `policy` allows. Put it inside [`authenticate`]: with axum's
/// routers, the layer that is added later is the outer one.
pub fn authorize<P: Policy>(policy: P) -> AuthorizeLayer<Immediate<P>> {
    AuthorizeLayer::new(policy).target_uri(original_uri)
}

/// As [`authorize`], with an asynchronous closure that returns a [`Decision`] or a `bool`. What it needs of the request
/// it takes out before its first `await`, since the future must not borrow it.
///
/// ```
/// use wimse_core::{Peer, RequestHead, policy::Decision};
///
/// # async fn ask(_: &str, _: &str) -> Option<bool> { None }
/// let layer = wimse_axum::authorize_async(|peer: Peer, request: &RequestHead<'_>| {
///     let path = request.uri.path().to_owned();
///     async move {
///         match ask(peer.id().as_str(), &path).await {
///             Some(allowed) => Decision::from(allowed),
///             None => Decision::Unavailable, // 503
///         }
///     }
/// });
/// # fn check<T>(_: T) {}
/// # check(layer);
/// ```
pub fn authorize_async<F, Fut, D>(hook: F) -> AuthorizeLayer<AsyncHook<F>>
where
    F: Fn(Peer, &RequestHead<'_>) -> Fut,
    Fut: Future<Output = D>,
    D: Into<Decision>,
{
    AuthorizeLayer::asynchronous(hook).target_uri(original_uri)
}

/// The target as the client sent it. axum puts it into the extensions of every routed request.
pub(crate) fn original_uri(parts: &Parts) -> &Uri {
    parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0)
}
