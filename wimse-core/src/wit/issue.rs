//! Issuing Workload Identity Tokens: for an identity server, for development, for tests.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::TYPE;
use crate::clock::{Clock, SystemClock, UnixTime};
use crate::identifier::WorkloadId;
use crate::jose::json::Object;
use crate::jose::{Jwk, KeyError, SigningKey, base64url, random_id, sign_token};

/// The longest lifetime that an issuer gives out.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Claims that [`WitRequest`] sets itself, or that a Workload Identity Token must not have.
const RESERVED: [&str; 8] = ["sub", "exp", "nbf", "iat", "iss", "jti", "cnf", "aud"];

/// Signs Workload Identity Tokens with one key.
#[derive(Clone)]
pub struct WitIssuer {
    key: SigningKey,
    encoded_header: Arc<str>,
    issuer: Option<String>,
    lifetime: Duration,
    clock: Arc<dyn Clock>,
}

impl WitIssuer {
    /// An issuer whose tokens carry `kid`, live for one hour and have no `iss`.
    pub fn new(key: SigningKey, kid: &str) -> Self {
        let header = json!({ "alg": key.algorithm().as_str(), "kid": kid, "typ": TYPE }).to_string();
        Self {
            key,
            encoded_header: Arc::from(base64url::encode(header.as_bytes())),
            issuer: None,
            lifetime: Duration::from_secs(3600),
            clock: Arc::new(SystemClock),
        }
    }

    /// Sets `iss`, recommended to be a URI (workload-creds §5.1).
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Sets the lifetime of tokens: hours, at most 24 (workload-creds §9.2.1). Default one hour.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Replaces the system's clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Issues a token that binds `subject` to `key`.
    ///
    /// Make sure first that the requester holds the private half of `key` and is that workload.
    ///
    /// # Errors
    ///
    /// As [`WitIssuer::issue_with`].
    pub fn issue(&self, subject: &WorkloadId, key: &Jwk) -> Result<String, IssueError> {
        self.issue_with(WitRequest::new(subject.clone(), key.clone()))
    }

    /// Issues a token with further claims.
    ///
    /// # Errors
    ///
    /// [`IssueError`] if the request would make a token that the drafts do not allow.
    pub fn issue_with(&self, request: WitRequest) -> Result<String, IssueError> {
        let now = self.clock.now();
        let expires_at = request.expires_at.unwrap_or_else(|| now.plus(self.lifetime));
        if expires_at > now.plus(MAX_LIFETIME) {
            return Err(IssueError::Lifetime);
        }
        if request.key.alg().is_none() {
            return Err(IssueError::KeyWithoutAlgorithm);
        }
        let mut claims = request.claims;
        if let Some(name) = claims.keys().find(|name| RESERVED.contains(&name.as_str())) {
            return Err(IssueError::ReservedClaim(name.clone()));
        }
        if claims.values().any(names_a_workload) || self.issuer.as_deref().is_some_and(is_workload) {
            return Err(IssueError::SecondIdentifier);
        }
        claims.insert("sub".into(), json!(request.subject));
        claims.insert("cnf".into(), json!({ "jwk": request.key }));
        claims.insert("iat".into(), json!(now.as_secs()));
        claims.insert("exp".into(), json!(expires_at.as_secs()));
        claims.insert("jti".into(), json!(random_id()?));
        if let Some(nbf) = request.not_before {
            claims.insert("nbf".into(), json!(nbf.as_secs()));
        }
        if let Some(issuer) = &self.issuer {
            claims.insert("iss".into(), json!(issuer));
        }
        let payload = Value::Object(claims).to_string();
        // What no verifier would read is not issued: too many values, nested too deeply.
        Object::parse(payload.as_bytes()).map_err(|_| IssueError::TooManyValues)?;
        let token = sign_token(&[], &self.encoded_header, payload.as_bytes(), &self.key)?;
        String::from_utf8(token).map_err(|_| IssueError::Key(KeyError::Library))
    }
}

impl fmt::Debug for WitIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WitIssuer")
            .field("key", &self.key)
            .field("issuer", &self.issuer)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

/// What a token shall say.
#[derive(Debug, Clone)]
#[must_use]
pub struct WitRequest {
    subject: WorkloadId,
    key: Jwk,
    expires_at: Option<UnixTime>,
    not_before: Option<UnixTime>,
    claims: Map<String, Value>,
}

impl WitRequest {
    /// A token that binds `subject` to `key`, which needs an `alg`.
    pub fn new(subject: WorkloadId, key: Jwk) -> Self {
        Self { subject, key, expires_at: None, not_before: None, claims: Map::new() }
    }

    /// Sets `exp`, instead of the issuer's lifetime.
    pub fn expires_at(mut self, time: UnixTime) -> Self {
        self.expires_at = Some(time);
        self
    }

    /// Sets `nbf`.
    pub fn not_before(mut self, time: UnixTime) -> Self {
        self.not_before = Some(time);
        self
    }

    /// Adds a claim. Outside a closed deployment its name must be registered with IANA; inside one it should
    /// resist collisions (workload-creds §5.1.2). It must not hold a second workload identifier (workload-creds §4).
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }
}

fn is_workload(text: &str) -> bool {
    WorkloadId::parse(text).is_ok()
}

fn names_a_workload(value: &Value) -> bool {
    match value {
        Value::String(text) => is_workload(text),
        Value::Array(items) => items.iter().any(names_a_workload),
        Value::Object(members) => members.iter().any(|(name, v)| is_workload(name) || names_a_workload(v)),
        _ => false,
    }
}

/// Why a token was not issued.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssueError {
    /// The lifetime is over 24 hours.
    Lifetime,
    /// The workload's key has no `alg` (workload-creds §5.1).
    KeyWithoutAlgorithm,
    /// This claim cannot be set as an additional one.
    ReservedClaim(String),
    /// A claim other than `sub` holds a workload identifier (workload-creds §4).
    SecondIdentifier,
    /// The claims hold over 1,024 JSON values or nest over 16 levels deep.
    TooManyValues,
    /// Signing failed.
    Key(KeyError),
}

impl From<KeyError> for IssueError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl fmt::Display for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lifetime => f.write_str("a Workload Identity Token lives for at most 24 hours"),
            Self::KeyWithoutAlgorithm => f.write_str("the workload's JWK has no `alg`"),
            Self::ReservedClaim(name) => {
                write!(f, "claim `{name}` cannot be set as an additional claim")
            }
            Self::TooManyValues => f.write_str("the claims hold over 1,024 JSON values or nest too deeply"),
            Self::SecondIdentifier => f.write_str("a claim other than `sub` holds a workload identifier"),
            Self::Key(error) => write!(f, "the token could not be signed: {error}"),
        }
    }
}

impl std::error::Error for IssueError {}
