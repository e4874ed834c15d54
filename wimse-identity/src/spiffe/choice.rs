//! Which of the workload's identities to use.

use wimse_core::WorkloadId;

use super::BuildError;
use crate::SourceError;

#[derive(Debug, Clone, Default)]
pub(super) enum Choice {
    #[default]
    First,
    Id(WorkloadId),
    Hint(String),
}

impl Choice {
    pub(super) fn check(self) -> Result<Self, BuildError> {
        match &self {
            Self::Id(id) if id.scheme() != "spiffe" => Err(BuildError::NotSpiffe),
            _ => Ok(self),
        }
    }

    pub(super) fn takes(&self, spiffe_id: &str, hint: &str) -> bool {
        match self {
            Self::First => true,
            Self::Id(id) => spiffe_id == id.as_str(),
            Self::Hint(chosen) => hint == chosen,
        }
    }

    /// Why there is nothing to use.
    pub(super) fn missing(&self) -> SourceError {
        let what = match self {
            Self::First => "no identity".to_owned(),
            Self::Id(id) => format!("no {id}"),
            Self::Hint(hint) => format!("no identity with the hint {hint:?}"),
        };
        SourceError::new("svid_withdrawn", format_args!("among the workload's identities there is {what}"))
    }
}
