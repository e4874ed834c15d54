//! Trust anchors from JWK Sets over HTTPS, one URL per trust domain, from configuration alone: nothing in a token ever leads to
//! a URL (workload-creds §3, §5.1.3).
//!
//! A set is fetched again when the server's `Cache-Control: max-age` says so, within bounds, with `If-None-Match`; and when a token
//! names a key that is not in it, once per cool-down whatever the number of such tokens. Each domain has one request under way at most.
//!
//! An answer replaces the keys if it is a JWK Set with at least one key that may sign Workload Identity Tokens, and not too large.
//! Anything else is a failure: the keys stay, and the next attempt follows soon, later with each failure. Keys that could not
//! be confirmed for [`JwksAnchorsBuilder::stale_limit`] are withdrawn, and every token of the domain is refused until an attempt
//! succeeds. Redirects are not followed. Proxies are used if configured here; environment variables are not looked at. All times are
//! measured by a clock that nobody sets. Reasons of failures:
//!
//! | reason | what happened |
//! |---|---|
//! | `jwks_unreachable` | no connection, or none that could be trusted: name, network, certificate |
//! | `jwks_timeout` | the server was too slow |
//! | `jwks_interrupted` | the answer broke off |
//! | `jwks_redirect` | the server answered with a redirect: configure the final URL |
//! | `jwks_status` | any other status than 200, or 304 where it fits |
//! | `jwks_too_large` | more octets than the limit |
//! | `key_…` | not a JWK Set: see [`KeyError`](wimse_core::jose::KeyError) |
//! | `anchor_…`, `no_usable_anchor` | keys that cannot be trust anchors: see [`TrustError`](wimse_core::trust::TrustError) |
//! | `jwks_stale` | the keys were withdrawn |

mod builder;
mod client;
mod domain;
mod error;
mod freshness;
mod schedule;

pub use builder::{JwksAnchors, JwksAnchorsBuilder};
pub use error::BuildError;
