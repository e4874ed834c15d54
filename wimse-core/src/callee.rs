//! From an external name to the workload that is expected behind it (identifier draft §5, workload-creds §1.3).
//!
//! An identifier is never derived from a host name, an address or a path: the deployment says what belongs together.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::identifier::{TrustDomain, WorkloadId};

/// Who is expected at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expectation {
    /// Exactly this workload.
    Workload(WorkloadId),
    /// Any workload of this trust domain: weaker, for deployments that cannot name the callee.
    TrustDomain(TrustDomain),
}

impl Expectation {
    /// Whether a proven identifier is the expected one.
    pub fn is_met_by(&self, id: &WorkloadId) -> bool {
        match self {
            Self::Workload(expected) => expected == id,
            Self::TrustDomain(expected) => *expected == id.trust_domain(),
        }
    }
}

impl From<WorkloadId> for Expectation {
    fn from(id: WorkloadId) -> Self {
        Self::Workload(id)
    }
}

impl From<TrustDomain> for Expectation {
    fn from(domain: TrustDomain) -> Self {
        Self::TrustDomain(domain)
    }
}

/// The deployment's mapping from external names to expected callees. Closures and [`CalleeMap`] implement it.
pub trait ExpectedCallee: Send + Sync + 'static {
    /// Who is expected behind `name`, the authority that is dialled, e.g. `orders.internal:8443`: host in lower case, and
    /// the port unless it is the scheme's default. `None` means that the deployment does not know.
    fn expected(&self, name: &str) -> Option<Expectation>;
}

impl<F: Fn(&str) -> Option<Expectation> + Send + Sync + 'static> ExpectedCallee for F {
    fn expected(&self, name: &str) -> Option<Expectation> {
        self(name)
    }
}

/// A fixed mapping.
///
/// ```
/// # use wimse_core::{CalleeMap, WorkloadId};
/// let callees = CalleeMap::new().with("orders.internal:8443", WorkloadId::parse("wimse://example.com/orders")?);
/// # Ok::<(), wimse_core::identifier::IdentifierError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct CalleeMap {
    names: Arc<BTreeMap<String, Expectation>>,
}

impl CalleeMap {
    /// Knows nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Expects `callee` behind `name`, a host with its port if that is not the scheme's default.
    pub fn with(mut self, name: &str, callee: impl Into<Expectation>) -> Self {
        Arc::make_mut(&mut self.names).insert(name.to_ascii_lowercase(), callee.into());
        self
    }
}

impl ExpectedCallee for CalleeMap {
    fn expected(&self, name: &str) -> Option<Expectation> {
        self.names.get(name).cloned()
    }
}
