//! Checking a Workload Proof Token (wpt §2): cheap checks first, the signature next to last, replay after it.

use std::borrow::Cow;

use http::HeaderMap;

use super::context::{Context, ContextFields, Single, TXN_TOKEN, hash, single};
use super::fields::access_token;
use super::{MAX_ID, TYPE};
use crate::audience::Audiences;
use crate::clock::UnixTime;
use crate::jose::base64url::equals_sha256;
use crate::jose::json::{Json, Object};
use crate::jose::members::{Member, Members};
use crate::jose::{CompactJws, Header, JwsError, sha256};
use crate::limits::{Limits, MAX_LEEWAY};
use crate::revision::WptWire;
use crate::trace::{Step, Trace, ensure, require};
use crate::wit::Wit;
use crate::{Reason, Rejection};

/// What the receiver's configuration says about proofs.
pub(crate) struct Policy {
    pub(crate) audiences: Audiences,
    pub(crate) several_audiences: bool,
    pub(crate) context_fields: ContextFields,
}

/// One proof and everything it is held against.
pub(crate) struct Verification<'a> {
    pub(crate) proof: &'a str,
    pub(crate) wit: &'a Wit,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) path: &'a str,
    pub(crate) wire: &'static WptWire,
    pub(crate) policy: &'a Policy,
    pub(crate) limits: &'a Limits,
    pub(crate) now: UnixTime,
}

/// A proof that is valid in everything but replay, which has not been asked yet.
pub(crate) struct Verified<R> {
    pub(crate) context: Context,
    pub(crate) expires_at: UnixTime,
    /// What `burn` made of the proof's identifier.
    pub(crate) burnt: R,
}

impl Verification<'_> {
    /// Checks everything, then hands `jti` and expiry to `burn` and returns its answer with the rest.
    pub(crate) fn run<T: Trace, R>(
        &self,
        t: &mut T,
        burn: impl FnOnce(&str, UnixTime) -> R,
    ) -> Result<Verified<R>, Rejection> {
        let size = self.proof.len();
        let expected = format_args!("at most {} octets", self.limits.wpt_size);
        let fits = size <= self.limits.wpt_size;
        ensure(t, Step::ProofCompact, fits, Reason::ProofTooLarge, expected, format_args!("{size} octets"))?;

        let malformed = |t: &mut T, error: JwsError| {
            let expected = format_args!("a compact JWS");
            t.check(Step::ProofCompact, false, expected, format_args!("{error}"));
            Rejection::new(Reason::ProofMalformed).with_detail(expected, error).at(Step::ProofCompact)
        };
        let jws = CompactJws::segments(self.proof).map_err(|e| malformed(t, e))?;
        let header_known = self.wit.knows_proof_header(jws.encoded_header());
        let decoded = if header_known { jws.decode_without_header() } else { jws.decode() };
        let decoded = decoded.map_err(|e| malformed(t, e))?;
        let header = match header_known {
            true => None,
            false => Some(Header::parse(decoded.header()).map_err(|e| malformed(t, e))?),
        };
        t.check(Step::ProofCompact, true, format_args!("a compact JWS"), format_args!("one"));
        let claims = require(
            t,
            Step::ProofCompact,
            Members::parse(decoded.payload()).ok(),
            Reason::ProofClaims,
            format_args!("claims as one JSON object without duplicates"),
            format_args!("something else"),
        )?;

        if let Some(header) = header {
            self.check_header(&header, t)?;
        }

        self.check_binding(&claims, t)?;
        self.check_audience(&claims, t)?;
        let expires_at = self.check_lifetime(&claims, t)?;
        let id = text_claim(&claims, "jti", Step::ProofIdentifier, t)?;
        let sound = !id.is_empty() && id.len() <= MAX_ID;
        let (expected, found) =
            (format_args!("`jti` of 1 to {MAX_ID} octets"), format_args!("{} octets", id.len()));
        ensure(t, Step::ProofIdentifier, sound, Reason::ProofClaims, expected, found)?;

        let mut context = Context::default();
        self.check_txn_token(&claims, &mut context, t)?;
        self.check_context_tokens(&claims, &mut context, t)?;
        if self.wire.covers_access_token {
            self.check_access_token(&claims, t)?;
        }

        let algorithm = self.wit.proof_algorithm();
        let verified = self.wit.key().verify(algorithm, jws.signing_input(), decoded.signature()).is_ok();
        let expected = format_args!("a signature by the confirmation key with {algorithm}");
        let found = format_args!("{}", if verified { "one" } else { "none that verifies" });
        ensure(t, Step::ProofSignature, verified, Reason::ProofSignature, expected, found)?;
        self.wit.remember_proof_header(jws.encoded_header());
        // Remembered for the longest leeway that anyone may set: verifiers may share the cache and not the setting.
        Ok(Verified { context, expires_at, burnt: burn(id, expires_at.plus(MAX_LEEWAY)) })
    }

    fn check_header<T: Trace>(&self, header: &Header<'_>, t: &mut T) -> Result<(), Rejection> {
        let typed = header.has_type(TYPE, false);
        let typ = header.typ.as_deref().unwrap_or("none");
        ensure(t, Step::ProofType, typed, Reason::ProofType, format_args!("{TYPE}"), format_args!("{typ}"))?;
        let algorithm = self.wit.proof_algorithm();
        let same = header.alg == algorithm.as_str();
        let (expected, found) = (format_args!("{algorithm}"), format_args!("{}", header.alg));
        ensure(t, Step::ProofAlgorithm, same, Reason::ProofAlgorithm, expected, found)
    }

    fn check_binding<T: Trace>(&self, claims: &Members<'_>, t: &mut T) -> Result<(), Rejection> {
        let wth = text_claim(claims, "wth", Step::ProofBinding, t)?;
        let bound = wth.as_bytes() == self.wit.encoded_hash();
        let found = format_args!("{}", if bound { "it" } else { "another hash" });
        let expected = format_args!("`wth`, the hash of the token");
        ensure(t, Step::ProofBinding, bound, Reason::ProofWitMismatch, expected, found)
    }

    fn check_audience<T: Trace>(&self, claims: &Members<'_>, t: &mut T) -> Result<(), Rejection> {
        let Policy { audiences, several_audiences, .. } = self.policy;
        let accepted = |aud: &str| audiences.accept(aud, self.path);
        let (reason, found): (_, Cow<'_, str>) = match claims.get("aud") {
            Some(Member::Text(aud)) if accepted(aud) => (None, Cow::Borrowed(aud)),
            Some(Member::Text(aud)) => (Some(Reason::AudienceMismatch), Cow::Borrowed(aud)),
            Some(Member::Array(list))
                if !list.is_empty() && list.iter().all(|aud| aud.as_text().is_some()) =>
            {
                let accepted = (list.len() == 1 || *several_audiences)
                    && list.iter().filter_map(Json::as_text).any(accepted);
                let found = Cow::Owned(format!("a list of {}", list.len()));
                (if accepted { None } else { Some(Reason::AudienceMismatch) }, found)
            }
            Some(_) => (Some(Reason::ProofClaims), Cow::Borrowed("another type")),
            None => (Some(Reason::ProofClaims), Cow::Borrowed("none")),
        };
        let expected = format_args!("`aud` among {audiences} with path {}", self.path);
        let or = reason.unwrap_or(Reason::AudienceMismatch);
        ensure(t, Step::ProofAudience, reason.is_none(), or, expected, format_args!("{found}"))
    }

    fn check_lifetime<T: Trace>(&self, claims: &Members<'_>, t: &mut T) -> Result<UnixTime, Rejection> {
        let Limits { leeway, wpt_remaining, .. } = *self.limits;
        let now = self.now;
        let exp = require(
            t,
            Step::ProofValidity,
            claims.get("exp").and_then(Member::as_time),
            Reason::ProofClaims,
            format_args!("`exp` as a number of seconds"),
            format_args!("{}", if claims.get("exp").is_some() { "a time or another type" } else { "none" }),
        )?;
        ensure(
            t,
            Step::ProofValidity,
            now < exp.plus(leeway),
            Reason::ProofExpired,
            format_args!("`exp` after {now} less {} s of leeway", leeway.as_secs()),
            format_args!("{exp}, {} s ago", now.seconds_since(exp)),
        )?;
        // No claim of a proof by the draft, but whoever sets it means it (RFC 7519 §4.1.5).
        if let Some(nbf) = claims.get("nbf") {
            let nbf = nbf.as_time();
            ensure(
                t,
                Step::ProofValidity,
                nbf.is_some_and(|nbf| nbf <= now.plus(leeway)),
                if nbf.is_some() { Reason::ProofNotYetValid } else { Reason::ProofClaims },
                format_args!("`nbf`, if any, not after {now} plus {} s of leeway", leeway.as_secs()),
                format_args!("{}", nbf.map_or(0, UnixTime::as_secs)),
            )?;
        }
        ensure(
            t,
            Step::ProofValidity,
            exp <= now.plus(wpt_remaining).plus(leeway),
            Reason::ProofLifetime,
            format_args!("at most {} s left", wpt_remaining.as_secs()),
            format_args!("{} s left", exp.seconds_since(now)),
        )?;
        Ok(exp)
    }

    fn check_txn_token<T: Trace>(
        &self,
        claims: &Members<'_>,
        context: &mut Context,
        t: &mut T,
    ) -> Result<(), Rejection> {
        let (passed, found) = match (claims.get("tth"), single(self.headers, &TXN_TOKEN)) {
            (None, Single::Absent) => return Ok(()),
            (_, Single::Repeated) => (false, "several fields"),
            (Some(_), Single::Absent) => (false, "a hash, but no field"),
            (None, Single::One(_)) => (false, "a field, but no hash"),
            (Some(tth), Single::One(value)) => {
                let covered = tth.as_text().is_some_and(|tth| equals_sha256(tth, &hash(value)));
                if covered {
                    context.add(TXN_TOKEN, value);
                }
                (covered, if covered { "both" } else { "another hash" })
            }
        };
        let expected = format_args!("one {TXN_TOKEN} field and its hash in `tth`");
        ensure(t, Step::TxnToken, passed, Reason::TxnToken, expected, format_args!("{found}"))
    }

    fn check_context_tokens<T: Trace>(
        &self,
        claims: &Members<'_>,
        context: &mut Context,
        t: &mut T,
    ) -> Result<(), Rejection> {
        let none = Object::default();
        let oth = match claims.get("oth") {
            None => &none,
            Some(Member::Object(oth)) => oth,
            Some(_) => {
                let (expected, found) = (format_args!("`oth` as an object"), format_args!("another type"));
                return ensure(t, Step::ContextTokens, false, Reason::ProofClaims, expected, found);
            }
        };
        for (key, value) in oth.iter() {
            let field = require(
                t,
                Step::ContextTokens,
                self.policy.context_fields.find(key),
                Reason::ContextTokenUnknown,
                format_args!("a configured context token"),
                format_args!("{key}"),
            )?;
            let found = match single(self.headers, field) {
                Single::Absent => "no field",
                Single::Repeated => "several fields",
                Single::One(token) if value.as_text().is_some_and(|h| equals_sha256(h, &hash(token))) => {
                    context.add(field.clone(), token);
                    "it"
                }
                Single::One(_) => "another hash",
            };
            let expected = format_args!("one {field} field with the hash in `oth`");
            let passed = found == "it";
            ensure(
                t,
                Step::ContextTokens,
                passed,
                Reason::ContextTokenMismatch,
                expected,
                format_args!("{found}"),
            )?;
        }
        for field in self.policy.context_fields.iter() {
            let covered = !self.headers.contains_key(field) || oth.get(field.as_str()).is_some();
            let (expected, found) =
                (format_args!("{field} covered by `oth`"), format_args!("a field that is not"));
            if !covered {
                ensure(t, Step::ContextTokens, false, Reason::ContextTokenNotCovered, expected, found)?;
            }
        }
        Ok(())
    }

    fn check_access_token<T: Trace>(&self, claims: &Members<'_>, t: &mut T) -> Result<(), Rejection> {
        let (passed, found) = match (claims.get("ath"), access_token(self.headers)) {
            (None, Ok(None)) => return Ok(()),
            (_, Err(_)) => (false, "several Authorization fields, or one without a token"),
            (Some(_), Ok(None)) => (false, "a hash, but no access token"),
            (None, Ok(Some(_))) => (false, "an access token, but no hash"),
            (Some(ath), Ok(Some(token))) => {
                let covered = ath.as_text().is_some_and(|ath| equals_sha256(ath, &sha256(token)));
                (covered, if covered { "both" } else { "another hash" })
            }
        };
        let expected = format_args!("an access token and its hash in `ath`");
        ensure(t, Step::AccessToken, passed, Reason::AccessToken, expected, format_args!("{found}"))
    }
}

fn text_claim<'c, T: Trace>(
    claims: &'c Members<'_>,
    name: &str,
    step: Step,
    t: &mut T,
) -> Result<&'c str, Rejection> {
    let found = if claims.get(name).is_some() { "text or another type" } else { "none" };
    let (expected, found) = (format_args!("`{name}` as text"), format_args!("{found}"));
    require(t, step, claims.get(name).and_then(Member::as_text), Reason::ProofClaims, expected, found)
}
