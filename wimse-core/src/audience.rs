//! Which audiences are mine: decided by configuration, never by the request (wpt §3.1.7).

use std::fmt;

use http::Uri;

/// The audiences that a verifier answers to.
///
/// Audiences are compared as exact strings. `Host`, `X-Forwarded-Host` and the authority of the request are never
/// consulted. With [`Audiences::base_url`] the expected audience is the configured base plus the path of the
/// request as received; with [`Audiences::exact`] it is one of the listed strings.
///
/// ```
/// # use wimse_core::Audiences;
/// let mine = Audiences::base_url("https://orders.example.com")
///     .and(Audiences::exact(["https://orders.internal", "wimse://example.com/orders"]));
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Audiences {
    rules: Vec<Rule>,
    error: Option<AudienceError>,
}

#[derive(Debug, Clone)]
enum Rule {
    Exact(String),
    Base(String),
}

impl Audiences {
    /// Accepts exactly these strings: full target URIs without query, deployment-specific names, or aliases.
    pub fn exact<S: Into<String>>(audiences: impl IntoIterator<Item = S>) -> Self {
        let rules: Vec<_> = audiences.into_iter().map(|a| Rule::Exact(a.into())).collect();
        let empty = |rule: &Rule| matches!(rule, Rule::Exact(text) if text.is_empty());
        let error = rules.iter().any(empty).then_some(AudienceError::Empty);
        Self { rules, error }
    }

    /// Accepts the base URL followed by the path of each request, e.g. `https://orders.example.com/orders/7` for a
    /// request to `/orders/7`. The base may itself have a path, for a service behind a proxy that strips it.
    ///
    /// Scheme and host of the base are turned to lower case; everything else is compared as it is. A base that
    /// cannot be used is reported when the verifier is built.
    pub fn base_url(base: &str) -> Self {
        match canonical_base(base) {
            Ok(base) => Self { rules: vec![Rule::Base(base)], error: None },
            Err(error) => Self { rules: Vec::new(), error: Some(error) },
        }
    }

    /// Accepts what either accepts.
    pub fn and(mut self, other: Self) -> Self {
        self.rules.extend(other.rules);
        self.error = self.error.or(other.error);
        self
    }

    pub(crate) fn checked(self) -> Result<Self, AudienceError> {
        match self.error {
            Some(error) => Err(error),
            None if self.rules.is_empty() => Err(AudienceError::Empty),
            None => Ok(self),
        }
    }

    pub(crate) fn accept(&self, audience: &str, path: &str) -> bool {
        self.rules.iter().any(|rule| match rule {
            Rule::Exact(exact) => exact == audience,
            Rule::Base(base) => audience.strip_prefix(base.as_str()) == Some(path),
        })
    }
}

impl fmt::Display for Audiences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, rule) in self.rules.iter().enumerate() {
            let separator = if i == 0 { "" } else { ", " };
            match rule {
                Rule::Exact(exact) => write!(f, "{separator}{exact}")?,
                Rule::Base(base) => write!(f, "{separator}{base}<path>")?,
            }
        }
        Ok(())
    }
}

/// What a signer puts into `aud`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Audience {
    /// The target URI without query and fragment, scheme and host in lower case, default port left out (wpt §2).
    #[default]
    TargetUri,
    /// A base URL followed by the path of the request. For clients that dial another address than the service
    /// knows itself by, and for tonic, whose requests have no authority. It names the callee and says nothing about the transport.
    BaseUrl(String),
    /// Exactly this string, as agreed with the callee (wpt §2): no path is appended. What text converts to.
    Fixed(String),
    /// The workload identifier that is expected of the callee, from the request's options or the signer's map.
    CalleeIdentifier,
}

impl Audience {
    /// An [`Audience::BaseUrl`].
    ///
    /// # Errors
    ///
    /// [`AudienceError`] if `base` is not an absolute `http` or `https` URL without query.
    pub fn base_url(base: &str) -> Result<Self, AudienceError> {
        canonical_base(base).map(Self::BaseUrl)
    }

    /// An [`Audience::Fixed`].
    pub fn fixed(audience: impl Into<String>) -> Self {
        Self::Fixed(audience.into())
    }
}

impl From<&str> for Audience {
    fn from(audience: &str) -> Self {
        Self::Fixed(audience.to_owned())
    }
}

impl From<String> for Audience {
    fn from(audience: String) -> Self {
        Self::Fixed(audience)
    }
}

/// The target URI as an audience; `None` if it has no scheme or authority.
pub(crate) fn target_uri(uri: &Uri) -> Option<String> {
    let scheme = uri.scheme_str()?;
    let mut out = String::with_capacity(128);
    push_lower(scheme, &mut out);
    out.push_str("://");
    push_authority(uri, &mut out)?;
    out.push_str(uri.path());
    Some(out)
}

/// Host in lower case, and the port unless it is the scheme's default; `None` if there is no usable authority.
pub(crate) fn push_authority(uri: &Uri, out: &mut String) -> Option<()> {
    let authority = uri.authority()?;
    // `http` takes any text for a port and then says that there is none; user information is no part of a name.
    if authority.port_u16().is_none() && authority.as_str().len() != authority.host().len()
        || authority.as_str().contains('@')
    {
        return None;
    }
    push_lower(authority.host(), out);
    match (authority.port_u16(), uri.scheme_str()) {
        (None, _) | (Some(443), Some("https")) | (Some(80), Some("http")) => {}
        (Some(port), _) => {
            out.push(':');
            out.push_str(&port.to_string());
        }
    }
    Some(())
}

fn push_lower(text: &str, out: &mut String) {
    let start = out.len();
    out.push_str(text);
    if let Some(pushed) = out.get_mut(start..) {
        pushed.make_ascii_lowercase();
    }
}

fn canonical_base(base: &str) -> Result<String, AudienceError> {
    let uri: Uri = base.parse().map_err(|_| AudienceError::NotAUrl)?;
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    if !web {
        return Err(AudienceError::NotAUrl);
    }
    if uri.query().is_some() || base.contains(['?', '#']) {
        return Err(AudienceError::Query);
    }
    let mut canonical = target_uri(&uri).ok_or(AudienceError::NotAUrl)?;
    canonical.truncate(canonical.trim_end_matches('/').len());
    Ok(canonical)
}

/// Why an audience cannot be configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AudienceError {
    /// No audience, or an empty one.
    Empty,
    /// Not an absolute `http` or `https` URL.
    NotAUrl,
    /// The base URL has a query or a fragment.
    Query,
}

impl fmt::Display for AudienceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an audience is empty or none is given",
            Self::NotAUrl => "the base is not an absolute http or https URL without user information",
            Self::Query => "the base URL has a query or a fragment",
        })
    }
}

impl std::error::Error for AudienceError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wpt_13_amb_13_comparison_is_exact() {
        let mine = Audiences::base_url("HTTPS://Orders.Example.com/").checked().unwrap();
        assert!(mine.accept("https://orders.example.com/a/b", "/a/b"));
        assert!(mine.accept("https://orders.example.com/", "/"));
        for (audience, path) in [
            ("https://orders.example.com/a/b", "/a"),
            ("https://orders.example.com/a", "/a/b"),
            ("https://orders.example.com/A/b", "/a/b"),
            ("https://ORDERS.example.com/a/b", "/a/b"),
            ("https://orders.example.com:443/a/b", "/a/b"),
            ("https://orders.example.com.evil.test/a/b", "/a/b"),
            ("https://orders.example.com", "/"),
            ("http://orders.example.com/", "/"),
            ("https://orders.example.com/a/b?", "/a/b"),
            ("", "/"),
        ] {
            assert!(!mine.accept(audience, path), "{audience} for {path}");
        }
    }

    #[test]
    fn wpt_12_deployment_specific_audiences_are_listed() {
        let mine =
            Audiences::exact(["orders"]).and(Audiences::base_url("https://a.example/api")).checked().unwrap();
        assert!(mine.accept("orders", "/anything"));
        assert!(mine.accept("https://a.example/api/x", "/x"));
        assert!(!mine.accept("order", "/") && !mine.accept("orders2", "/"));
    }

    #[test]
    fn unusable_configuration_is_an_error() {
        for bad in ["orders", "ftp://a.example", "https://u@a.example", "https://a.example/?q", "/x", ""] {
            assert!(Audiences::base_url(bad).checked().is_err(), "{bad}");
        }
        assert_eq!(Audiences::exact([""; 1]).checked().err(), Some(AudienceError::Empty));
        assert_eq!(Audiences::default().checked().err(), Some(AudienceError::Empty));
    }

    #[test]
    fn wpt_11_the_default_audience_is_the_target_uri_without_query() {
        for (uri, audience) in [
            ("https://A.example/x/y?q=1", "https://a.example/x/y"),
            ("https://a.example:443", "https://a.example/"),
            ("http://127.0.0.1:8080/%41", "http://127.0.0.1:8080/%41"),
            ("https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443/"),
        ] {
            assert_eq!(target_uri(&uri.parse().unwrap()).as_deref(), Some(audience));
        }
        assert!(target_uri(&"/only/path".parse().unwrap()).is_none());
    }
}
