//! Which requests have a target that a proof can be held against.

use http::{Method, Uri};

/// Whether the target has a path: CONNECT and `OPTIONS *` have none, whatever form they come in.
pub(crate) fn has_path(method: &Method, target: &Uri) -> bool {
    target.path().starts_with('/') && *method != Method::CONNECT
}
