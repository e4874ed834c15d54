//! How much of a message the engine is willing to read.

/// Caps on what is parsed and covered. Checked before the work that they bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Octets of all `Signature-Input` and `Signature` lines together, or of all `Accept-Signature` lines.
    /// Default 32,768.
    pub octets: usize,
    /// Different labels in both fields together. Default 16.
    pub labels: usize,
    /// Covered components of one signature. Default 64.
    pub components: usize,
    /// Parameters of one signature, and of one component. Default 32.
    pub parameters: usize,
    /// Octets of field lines and queries that the components of one signature may read, counted anew for each
    /// component. Default 262,144.
    pub covered_octets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { octets: 32_768, labels: 16, components: 64, parameters: 32, covered_octets: 262_144 }
    }
}
