//! Validating a Workload Identity Token, in the order of workload-creds §5.1.4.

use std::sync::{Arc, OnceLock};

use super::{TYPE, Wit};
use crate::clock::UnixTime;
use crate::identifier::WorkloadId;
use crate::jose::base64url::encode_sha256;
use crate::jose::json::{Json, Object};
use crate::jose::{Algorithm, Algorithms, CompactJws, Header, Jwk, PublicKey, sha256};
use crate::limits::Limits;
use crate::trace::{Step, Trace, ensure, require};
use crate::trust::{Domain, KnownToken, Profile, SentToken, Snapshot};
use crate::{Reason, Rejection};

/// Claims that [`Wit`] has accessors for.
const OWN_CLAIMS: [&str; 7] = ["sub", "exp", "nbf", "iat", "iss", "jti", "cnf"];

/// The surroundings in which a token is judged.
pub(crate) struct Validation<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) limits: &'a Limits,
    pub(crate) now: UnixTime,
}

/// The lifetime claims.
#[derive(Clone, Copy)]
struct Lifetime {
    expires_at: UnixTime,
    not_before: Option<UnixTime>,
}

impl Validation<'_> {
    /// Validates the value of a Workload-Identity-Token field. A token that these anchors validated before
    /// is only held against the clock.
    pub(crate) fn token<T: Trace>(&self, token: &str, trace: &mut T) -> Result<Arc<Wit>, Rejection> {
        self.check_size(token, trace)?;
        let validated = &self.snapshot.validated;
        if let Some(wit) = validated.get(&SentToken(token)) {
            let lifetime = Lifetime { expires_at: wit.expires_at, not_before: wit.not_before };
            let still_valid = self.check_lifetime(lifetime, trace);
            if still_valid.is_err() {
                validated.remove(&SentToken(token));
            }
            return still_valid.map(|()| wit);
        }
        let wit = Arc::new(self.validate(token, trace)?);
        validated.insert(KnownToken::from(&*wit), Arc::clone(&wit));
        Ok(wit)
    }

    /// Validates a token from scratch, whatever was validated before.
    pub(crate) fn token_uncached<T: Trace>(&self, token: &str, trace: &mut T) -> Result<Arc<Wit>, Rejection> {
        self.check_size(token, trace)?;
        self.validate(token, trace).map(Arc::new)
    }

    /// Reads a token without asking who signed it, for cases whose issuer's key was never published.
    pub(crate) fn token_unverified<T: Trace>(&self, token: &str, t: &mut T) -> Result<Wit, Rejection> {
        self.check_size(token, t)?;
        let jws = CompactJws::segments(token).map_err(|e| refuse_form(t, e))?;
        let decoded = jws.decode().map_err(|e| refuse_form(t, e))?;
        Header::parse(decoded.header()).map_err(|e| refuse_form(t, e))?;
        let claims = Object::parse(decoded.payload()).map_err(|_| Rejection::new(Reason::WitClaims))?;
        let subject = self.subject(&claims, t)?;
        let lifetime = lifetime(&claims, t)?;
        self.check_lifetime(lifetime, t)?;
        let key = confirmation_key(Algorithms::ALL, &claims, t)?;
        wit(token, subject, lifetime, key, &claims, t)
    }

    fn check_size<T: Trace>(&self, token: &str, trace: &mut T) -> Result<(), Rejection> {
        let limit = self.limits.wit_size;
        let (expected, found) =
            (format_args!("at most {limit} octets"), format_args!("{} octets", token.len()));
        ensure(trace, Step::WitCompact, token.len() <= limit, Reason::WitTooLarge, expected, found)
    }

    fn validate<T: Trace>(&self, token: &str, t: &mut T) -> Result<Wit, Rejection> {
        let malformed = |t: &mut T, error| refuse_form(t, error);
        let jws = CompactJws::segments(token).map_err(|e| malformed(t, e))?;
        let decoded = jws.decode().map_err(|e| malformed(t, e))?;
        let header = Header::parse(decoded.header()).map_err(|e| malformed(t, e))?;
        t.check(Step::WitCompact, true, format_args!("a compact JWS"), format_args!("one"));

        let claims = Object::parse(decoded.payload()).ok();
        let claims = require(
            t,
            Step::WitSubject,
            claims,
            Reason::WitClaims,
            format_args!("claims as one JSON object of at most 1,024 values without duplicates"),
            format_args!("something else"),
        )?;
        let subject = self.subject(&claims, t)?;
        let trust_domain = subject.trust_domain();
        let domain = require(
            t,
            Step::TrustDomain,
            self.snapshot.anchors.of(&trust_domain),
            Reason::TrustDomainUnknown,
            format_args!("a trusted domain"),
            format_args!("{trust_domain}"),
        )?;

        let svid = domain.profile == Profile::WitSvid;
        let typ = header.typ.as_deref().unwrap_or("none");
        let typed = header.has_type(TYPE, svid);
        ensure(t, Step::WitType, typed, Reason::WitType, format_args!("{TYPE}"), format_args!("{typ}"))?;
        if svid {
            check_svid(&header, &claims, t)?;
        }
        let algorithm = Algorithm::from_name(&header.alg).filter(|a| domain.algorithms.contains(*a));
        let algorithm = require(
            t,
            Step::WitAlgorithm,
            algorithm,
            Reason::WitAlgorithm,
            format_args!("one of {}", domain.algorithms),
            format_args!("{}", header.alg),
        )?;
        let lifetime = lifetime(&claims, t)?;
        self.check_lifetime(lifetime, t)?;

        let kid = header.kid.as_deref();
        let key = domain.key(kid);
        if key.is_none() {
            self.snapshot.listeners.unknown_key(&trust_domain);
        }
        let key = require(
            t,
            Step::WitKey,
            key,
            Reason::WitKeyUnknown,
            format_args!("a `kid` among the {} anchors of {trust_domain}", domain.keys.len()),
            format_args!("{}", kid.unwrap_or("no kid")),
        )?;
        let verified = key.verify(algorithm, jws.signing_input(), decoded.signature()).is_ok();
        let expected = format_args!("a signature by that anchor with {algorithm}");
        let found = format_args!("{}", if verified { "one" } else { "none that verifies" });
        ensure(t, Step::WitSignature, verified, Reason::WitSignature, expected, found)?;

        check_issuer(domain, optional_text(&claims, "iss", t)?.as_deref(), t)?;
        let key = confirmation_key(domain.proof_algorithms, &claims, t)?;
        wit(token, subject, lifetime, key, &claims, t)
    }

    fn subject<T: Trace>(&self, claims: &Object<'_>, t: &mut T) -> Result<WorkloadId, Rejection> {
        let sub = require(
            t,
            Step::WitSubject,
            claims.text("sub"),
            Reason::WitClaims,
            format_args!("`sub` with one identifier"),
            format_args!("{}", if claims.get("sub").is_some() { "another type" } else { "none" }),
        )?;
        self.snapshot.anchors.parse_id(sub).map_err(|error| {
            let (expected, found) = (format_args!("a canonical identifier"), format_args!("{sub}: {error}"));
            t.check(Step::WitSubject, false, expected, found);
            Rejection::new(Reason::WitSubject).with_detail(expected, found).at(Step::WitSubject)
        })
    }

    fn check_lifetime<T: Trace>(&self, lifetime: Lifetime, t: &mut T) -> Result<(), Rejection> {
        let Limits { leeway, wit_remaining, .. } = *self.limits;
        let (now, exp) = (self.now, lifetime.expires_at);
        ensure(
            t,
            Step::WitValidity,
            now < exp.plus(leeway),
            Reason::WitExpired,
            format_args!("`exp` after {now} less {} s of leeway", leeway.as_secs()),
            format_args!("{exp}, {} s ago", now.seconds_since(exp)),
        )?;
        if let Some(nbf) = lifetime.not_before {
            ensure(
                t,
                Step::WitValidity,
                nbf <= now.plus(leeway),
                Reason::WitNotYetValid,
                format_args!("`nbf` not after {now} plus {} s of leeway", leeway.as_secs()),
                format_args!("{nbf}, in {} s", nbf.seconds_since(now)),
            )?;
        }
        ensure(
            t,
            Step::WitValidity,
            exp <= now.plus(wit_remaining).plus(leeway),
            Reason::WitLifetime,
            format_args!("at most {} s left", wit_remaining.as_secs()),
            format_args!("{} s left", exp.seconds_since(now)),
        )
    }
}

/// The token, once everything about it is known to be right.
fn wit<T: Trace>(
    token: &str,
    subject: WorkloadId,
    lifetime: Lifetime,
    (proof_algorithm, key): (Algorithm, PublicKey),
    claims: &Object<'_>,
    t: &mut T,
) -> Result<Wit, Rejection> {
    Ok(Wit {
        subject,
        encoded_hash: encode_sha256(&sha256(token.as_bytes())),
        token: token.into(),
        proof_algorithm,
        proof_header: OnceLock::new(),
        key,
        issuer: optional_text(claims, "iss", t)?,
        id: optional_text(claims, "jti", t)?,
        issued_at: claims.get("iat").and_then(Json::as_time),
        not_before: lifetime.not_before,
        expires_at: lifetime.expires_at,
        claims: claims
            .iter()
            .filter(|(name, _)| !OWN_CLAIMS.contains(name))
            .map(|(name, value)| (name.to_owned(), value.to_value()))
            .collect(),
    })
}

fn refuse_form<T: Trace>(t: &mut T, error: crate::jose::JwsError) -> Rejection {
    let expected = format_args!("a compact JWS");
    t.check(Step::WitCompact, false, expected, format_args!("{error}"));
    Rejection::new(Reason::WitMalformed).with_detail(expected, error).at(Step::WitCompact)
}

fn claim_error<T: Trace>(t: &mut T, step: Step, name: &str, expected: &str, found: &str) -> Rejection {
    let (expected, found) = (format_args!("`{name}` as {expected}"), format_args!("{found}"));
    t.check(step, false, expected, found);
    Rejection::new(Reason::WitClaims).with_detail(expected, found).at(step)
}

fn lifetime<T: Trace>(claims: &Object<'_>, t: &mut T) -> Result<Lifetime, Rejection> {
    let time = |name: &str, t: &mut T| match claims.get(name) {
        None => Ok(None),
        Some(value) => match value.as_time() {
            Some(time) => Ok(Some(time)),
            None => Err(claim_error(t, Step::WitValidity, name, "a number of seconds", "another type")),
        },
    };
    let not_before = time("nbf", t)?;
    match time("exp", t)? {
        Some(expires_at) => Ok(Lifetime { expires_at, not_before }),
        None => Err(claim_error(t, Step::WitValidity, "exp", "a number of seconds", "none")),
    }
}

fn optional_text<T: Trace>(claims: &Object<'_>, name: &str, t: &mut T) -> Result<Option<String>, Rejection> {
    match claims.get(name) {
        None => Ok(None),
        Some(Json::Text(text)) => Ok(Some(text.clone().into_owned())),
        Some(_) => Err(claim_error(t, Step::WitIssuer, name, "text", "another type")),
    }
}

fn check_svid<T: Trace>(header: &Header<'_>, claims: &Object<'_>, t: &mut T) -> Result<(), Rejection> {
    for (passed, expected, found) in
        [(header.kid.is_some(), "a `kid` header", "none"), (claims.get("aud").is_none(), "no `aud`", "one")]
    {
        let found = if passed { "it is so" } else { found };
        let (expected, found) = (format_args!("{expected}"), format_args!("{found}"));
        ensure(t, Step::WitProfile, passed, Reason::WitProfile, expected, found)?;
    }
    Ok(())
}

fn check_issuer<T: Trace>(domain: &Domain, issuer: Option<&str>, t: &mut T) -> Result<(), Rejection> {
    let Some(allowed) = &domain.issuers else {
        return Ok(());
    };
    ensure(
        t,
        Step::WitIssuer,
        issuer.is_some_and(|issuer| allowed.contains(issuer)),
        Reason::WitIssuer,
        format_args!("`iss` among {allowed:?}"),
        format_args!("{}", issuer.unwrap_or("none")),
    )
}

fn confirmation_key<T: Trace>(
    allowed: Algorithms,
    claims: &Object<'_>,
    t: &mut T,
) -> Result<(Algorithm, PublicKey), Rejection> {
    let jwk = match claims.get("cnf") {
        Some(Json::Object(cnf)) => match cnf.get("jwk") {
            Some(Json::Object(jwk)) => Ok(jwk),
            _ => Err("`cnf` without `jwk`"),
        },
        Some(_) => Err("`cnf` of another type"),
        None => Err("no `cnf`"),
    };
    let parsed = jwk.and_then(|jwk| {
        let jwk = Jwk::from_object(jwk).map_err(|error| error.reason())?;
        let alg = jwk.alg().ok_or("no `alg`")?;
        Ok((alg, PublicKey::new(jwk).map_err(|error| error.reason())?))
    });
    let parsed = match parsed {
        Ok((alg, _)) if !allowed.contains(alg) => Err("an algorithm that is not allowed"),
        other => other,
    };
    let found = parsed.as_ref().err().copied().unwrap_or("one");
    require(
        t,
        Step::WitConfirmation,
        parsed.ok(),
        Reason::WitConfirmation,
        format_args!("`cnf.jwk`, a public key with `alg` among {allowed}"),
        format_args!("{found}"),
    )
}
