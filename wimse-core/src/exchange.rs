//! What ties a signed response to its request (http-signature §3.4).

use std::fmt;

use http::{HeaderMap, Method, Uri};

use crate::httpsig::profile::{self, VerifiedRequest};
use crate::httpsig::{Nonce, RequestParts};
use crate::observer::Target;
use crate::revision::Revision;

/// A request with an HTTP signature, as far as the response depends on it.
#[derive(Clone)]
pub struct Exchange {
    method: Method,
    uri: Uri,
    /// What a response can refer to besides the target. The server needs none, since it signs what the profile says.
    headers: HeaderMap,
    nonce: Nonce,
    revision: Revision,
    required: bool,
    preferred: bool,
}

impl Exchange {
    pub(crate) fn received(
        method: Method,
        uri: Uri,
        signature: &VerifiedRequest,
        revision: Revision,
        preferred: bool,
    ) -> Self {
        let (nonce, required) = (signature.kept_nonce().clone(), signature.wants_signed_response());
        Self { method, uri, headers: HeaderMap::new(), nonce, revision, required, preferred }
    }

    pub(crate) fn sent(
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        nonce: &str,
        revision: Revision,
        required: bool,
    ) -> Self {
        let (method, uri, headers) = (method.clone(), uri.clone(), headers.clone());
        Self { method, uri, headers, nonce: nonce.into(), revision, required, preferred: false }
    }

    /// Whether the request demands a signed response by `wimse-sign-response` (http-signature §3.3).
    pub fn requires_signed_response(&self) -> bool {
        self.required
    }

    /// Whether the request would like a signed response by `Accept-Signature`, and takes any other (http-signature §3.5).
    pub fn prefers_signed_response(&self) -> bool {
        self.preferred && !self.required
    }

    /// What the exchange is about, for an observer.
    pub fn target(&self) -> Target<'_> {
        Target { method: &self.method, path: self.uri.path() }
    }

    pub(crate) fn revision(&self) -> Revision {
        self.revision
    }

    pub(crate) fn borrow(&self) -> profile::Exchange<'_> {
        profile::Exchange {
            request: RequestParts::in_origin_form(&self.method, &self.uri, &self.headers),
            nonce: self.nonce.as_str(),
            signed_response_wanted: self.required,
        }
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .field("requires_signed_response", &self.required)
            .finish_non_exhaustive()
    }
}
