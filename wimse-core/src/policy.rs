//! Authorization by identity: who may call. Everything compares whole identifiers, never paths alone.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::identifier::{IdentifierError, TrustDomain, WorkloadId};
use crate::verifier::RequestHead;
use crate::{Peer, Reason};

/// What a policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// The caller may.
    Allow,
    /// The caller may not: 403.
    Deny,
    /// The policy cannot tell at present: 503.
    Unavailable,
}

impl Decision {
    /// The refusal behind the decision.
    pub fn refusal(self) -> Option<Reason> {
        match self {
            Self::Allow => None,
            Self::Deny => Some(Reason::NotAuthorized),
            Self::Unavailable => Some(Reason::PolicyUnavailable),
        }
    }
}

impl From<bool> for Decision {
    fn from(allowed: bool) -> Self {
        if allowed { Self::Allow } else { Self::Deny }
    }
}

/// Decides at once whether an authenticated caller may make a request.
///
/// Of the tokens in the request's fields only those in [`Peer::context`] may count: the proof covers them (wpt §2).
///
/// Closures of the peer implement it: `|peer: &Peer| peer.id().as_str() == "wimse://example.com/a"`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an authorization policy",
    note = "policies that may be malformed are `Result`s: is a `?` missing after `policy::exact(…)`?",
    note = "closures name their argument's type: `|peer: &Peer| …`; with the request: `policy::by_request(…)`"
)]
pub trait Policy: Send + Sync + 'static {
    /// Decides.
    fn decide(&self, peer: &Peer, request: &RequestHead<'_>) -> Decision;
}

impl<F, D> Policy for F
where
    F: Fn(&Peer) -> D + Send + Sync + 'static,
    D: Into<Decision>,
{
    fn decide(&self, peer: &Peer, _: &RequestHead<'_>) -> Decision {
        self(peer).into()
    }
}

/// A policy that also looks at the request: its method, its target, its fields.
///
/// ```
/// # use wimse_core::policy;
/// let readers = policy::exact(["wimse://example.com/report"])?;
/// let read_only = policy::by_request(move |peer, request| readers.allows(peer.id()) && request.method == "GET");
/// # Ok::<(), wimse_core::identifier::IdentifierError>(())
/// ```
pub fn by_request<F, D>(decide: F) -> ByRequest<F>
where
    F: Fn(&Peer, &RequestHead<'_>) -> D + Send + Sync + 'static,
    D: Into<Decision>,
{
    ByRequest(decide)
}

/// The policy of [`by_request`].
#[derive(Clone)]
pub struct ByRequest<F>(F);

impl<F, D> Policy for ByRequest<F>
where
    F: Fn(&Peer, &RequestHead<'_>) -> D + Send + Sync + 'static,
    D: Into<Decision>,
{
    fn decide(&self, peer: &Peer, request: &RequestHead<'_>) -> Decision {
        (self.0)(peer, request).into()
    }
}

impl<F> fmt::Debug for ByRequest<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("by_request")
    }
}

/// A policy over identifiers, made by the functions of this module.
#[derive(Clone)]
pub struct IdPolicy(Arc<Rule>);

enum Rule {
    Any,
    Exact(BTreeSet<WorkloadId>),
    TrustDomains(BTreeSet<TrustDomain>),
    Pattern(Pattern),
    Either(IdPolicy, IdPolicy),
}

/// Any authenticated caller of any trusted domain.
pub fn any() -> IdPolicy {
    IdPolicy(Arc::new(Rule::Any))
}

/// Exactly these workloads.
///
/// # Errors
///
/// [`IdentifierError`] if one of them is not a canonical identifier.
pub fn exact<S: AsRef<str>>(ids: impl IntoIterator<Item = S>) -> Result<IdPolicy, IdentifierError> {
    let ids = ids.into_iter().map(|id| WorkloadId::parse(id.as_ref())).collect::<Result<_, _>>()?;
    Ok(IdPolicy(Arc::new(Rule::Exact(ids))))
}

/// Exactly these workloads, already parsed: for identifiers of registered schemes.
pub fn workloads(ids: impl IntoIterator<Item = WorkloadId>) -> IdPolicy {
    IdPolicy(Arc::new(Rule::Exact(ids.into_iter().collect())))
}

/// Any workload of these trust domains.
///
/// # Errors
///
/// [`IdentifierError`] if one of them is not a trust domain.
pub fn trust_domains<S: AsRef<str>>(
    domains: impl IntoIterator<Item = S>,
) -> Result<IdPolicy, IdentifierError> {
    let domains = domains.into_iter().map(|d| TrustDomain::parse(d.as_ref())).collect::<Result<_, _>>()?;
    Ok(IdPolicy(Arc::new(Rule::TrustDomains(domains))))
}

/// The workloads whose identifier fits a pattern: an identifier in which a segment may be `*`, for exactly one
/// segment of any content, and the last one `**`, for one or more.
///
/// Patterns work on whole segments: `wimse://example.com/admin/**` fits `/admin/x` and neither `/admin-tools` nor
/// `/admin` itself. Scheme and trust domain are always exact. Prefer [`exact`] where the callers can be
/// named (identifier draft §7.6).
///
/// # Errors
///
/// [`IdentifierError`] if the pattern is not an identifier apart from its `*` segments.
pub fn pattern(pattern: &str) -> Result<IdPolicy, IdentifierError> {
    Pattern::parse(pattern).map(|pattern| IdPolicy(Arc::new(Rule::Pattern(pattern))))
}

impl IdPolicy {
    /// Allows what either allows.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(Arc::new(Rule::Either(self, other)))
    }

    /// Whether this identifier may call.
    pub fn allows(&self, id: &WorkloadId) -> bool {
        match &*self.0 {
            Rule::Any => true,
            Rule::Exact(ids) => ids.contains(id),
            Rule::TrustDomains(domains) => domains.contains(&id.trust_domain()),
            Rule::Pattern(pattern) => pattern.fits(id),
            Rule::Either(a, b) => a.allows(id) || b.allows(id),
        }
    }
}

impl Policy for IdPolicy {
    fn decide(&self, peer: &Peer, _: &RequestHead<'_>) -> Decision {
        self.allows(peer.id()).into()
    }
}

impl fmt::Debug for IdPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Rule::Any => f.write_str("any"),
            Rule::Exact(ids) => f.debug_tuple("exact").field(ids).finish(),
            Rule::TrustDomains(domains) => f.debug_tuple("trust_domains").field(domains).finish(),
            Rule::Pattern(pattern) => f.debug_tuple("pattern").field(&pattern.text).finish(),
            Rule::Either(a, b) => write!(f, "{a:?} or {b:?}"),
        }
    }
}

struct Pattern {
    text: String,
    trust_domain: TrustDomain,
    segments: Vec<Segment>,
    open_ended: bool,
}

enum Segment {
    Exactly(String),
    One,
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, IdentifierError> {
        let (closed, open_ended) = match text.strip_suffix("/**") {
            Some(closed) => (closed, true),
            None => (text, false),
        };
        // scheme, empty, trust domain, then the path: wildcards are for the path alone
        let (prefix, path): (Vec<_>, Vec<_>) = closed.split('/').enumerate().partition(|(i, _)| *i < 3);
        let parts = |parts: &[(usize, &str)], wildcard: &str| {
            let filled: Vec<_> = parts.iter().map(|(_, s)| if *s == "*" { wildcard } else { *s }).collect();
            filled.join("/")
        };
        // The pattern must be an identifier once its wildcards are filled in.
        let separator = if path.is_empty() { "" } else { "/" };
        let tail = if open_ended { "/x" } else { "" };
        let id = WorkloadId::parse(&[&parts(&prefix, "*"), separator, &parts(&path, "x"), tail].concat())?;
        let segments = path.iter().map(|(_, segment)| match *segment {
            "*" => Segment::One,
            exactly => Segment::Exactly(exactly.to_owned()),
        });
        Ok(Self {
            text: text.to_owned(),
            trust_domain: id.trust_domain(),
            segments: segments.collect(),
            open_ended,
        })
    }

    fn fits(&self, id: &WorkloadId) -> bool {
        let mut segments = id.segments();
        let head_fits = self.segments.iter().all(|wanted| match (wanted, segments.next()) {
            (Segment::Exactly(wanted), Some(segment)) => wanted == segment,
            (Segment::One, Some(_)) => true,
            (_, None) => false,
        });
        head_fits && id.trust_domain() == self.trust_domain && segments.next().is_some() == self.open_ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> WorkloadId {
        WorkloadId::parse(text).unwrap()
    }

    #[test]
    fn id_27_patterns_are_whole_segments_of_one_trust_domain() {
        for (text, fits, not) in [
            (
                "wimse://example.com/admin/**",
                vec!["wimse://example.com/admin/a", "wimse://example.com/admin/a/b"],
                vec![
                    "wimse://example.com/admin",
                    "wimse://example.com/admin-tools",
                    "wimse://example.com/admin-tools/a",
                    "wimse://example.com/x/admin/a",
                    "wimse://other.example/admin/a",
                    "spiffe://example.com/admin/a",
                ],
            ),
            (
                "wimse://example.com/team/*/db",
                vec!["wimse://example.com/team/a/db"],
                vec![
                    "wimse://example.com/team/db",
                    "wimse://example.com/team/a/b/db",
                    "wimse://example.com/team/a/db/x",
                    "wimse://example.com/team/a/DB",
                ],
            ),
            (
                "wimse://example.com/**",
                vec!["wimse://example.com/a", "wimse://example.com/a/b"],
                vec!["wimse://example.net/a"],
            ),
        ] {
            let policy = pattern(text).unwrap();
            for fit in fits {
                assert!(policy.allows(&id(fit)), "{text} {fit}");
            }
            for other in not {
                assert!(!policy.allows(&id(other)), "{text} {other}");
            }
        }
    }

    #[test]
    fn patterns_that_are_no_identifiers_are_refused() {
        for bad in [
            "*",
            "/admin/**",
            "wimse://*/a",
            "wimse://example.com",
            "wimse://example.com/**/a",
            "wimse://example.com/a*",
            "wimse://example.com/../a",
            "wimse://example.com//**",
            "wimse://Example.com/**",
            "**",
        ] {
            assert!(pattern(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn exact_and_trust_domains_and_their_union() {
        let policy =
            exact(["wimse://example.com/a"]).unwrap().or(trust_domains(["spiffe://example.org"]).unwrap());
        assert!(
            policy.allows(&id("wimse://example.com/a")) && policy.allows(&id("spiffe://example.org/any"))
        );
        assert!(
            !policy.allows(&id("wimse://example.com/b")) && !policy.allows(&id("wimse://example.org/any"))
        );
        assert!(exact(["wimse://example.com"]).is_err() && trust_domains(["wimse://example.com/a"]).is_err());
        assert!(any().allows(&id("wimse://anything.example/x")));
    }
}
