//! What a vector says, as types: what is sent, to which receiver, and what must come of it.

use serde::Deserialize;
use wimse_core::{Profile, Revision, UnixTime};

use super::anchors::{Anchors, Trust};
use super::fault::Fault;
use super::fields::{Fields, OneOrMany};
use super::httpsig;
use super::message::Request;

/// One vector.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) id: String,
    pub(super) subject: Subject,
    pub(super) expected: OneOrMany<Expected>,
    /// The reason codes that rejections must have. One code holds for every rejection of a sequence.
    pub(super) expected_reason: Option<OneOrMany<Option<String>>>,
}

/// What is judged.
#[derive(Debug)]
pub(super) enum Subject {
    Wit {
        token: String,
        now: UnixTime,
        trust: Trust,
    },
    Wpt {
        receiver: Receiver,
        requests: OneOrMany<Request>,
    },
    /// Requests with HTTP message signatures.
    SignedRequest {
        receiver: httpsig::Receiver,
        requests: OneOrMany<httpsig::Request>,
    },
    SignedResponse(Box<httpsig::Exchange>),
    Identifier(String),
    /// Whether two texts are the same identifier.
    Comparison(String, String),
}

impl Subject {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Wit { .. } => "wit",
            Self::Wpt { .. } => "wpt",
            Self::SignedRequest { .. } | Self::SignedResponse(_) => "httpsig",
            Self::Identifier(_) | Self::Comparison(..) => "identifier",
        }
    }

    /// How many requests it is made of, if it is a sequence.
    fn length(&self) -> Option<usize> {
        match self {
            Self::Wpt { requests: OneOrMany::Many(requests), .. } => Some(requests.len()),
            Self::SignedRequest { requests: OneOrMany::Many(requests), .. } => Some(requests.len()),
            _ => None,
        }
    }
}

/// What must come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Expected {
    Accept,
    Reject,
    /// Left to the receiver: either outcome is right.
    Policy,
    /// Cannot be decided, since the issuer's key was never published.
    Unknown,
}

impl Expected {
    fn accept(accept: bool) -> Self {
        if accept { Self::Accept } else { Self::Reject }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Policy => "policy",
            Self::Unknown => "unknown",
        }
    }
}

/// How the verifier of a request is set up.
#[derive(Debug, PartialEq)]
pub(super) struct Receiver {
    pub(super) trust: Trust,
    pub(super) audiences: Vec<String>,
    /// The fields that may carry context tokens, if the vector says which.
    pub(super) context_tokens: Option<Vec<String>>,
    pub(super) revision: Revision,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WitProfile {
    Wimse,
    WitSvid,
}

#[derive(Deserialize)]
enum WptProfile {
    #[serde(rename = "wpt-02")]
    Wpt02HttpSignature07,
    #[serde(rename = "wpt-01")]
    Wpt01HttpSignature06,
}

/// Everything in a file that a vector can refer to.
pub(super) struct Context<'a> {
    pub(super) vectors: &'a [Fields],
    pub(super) anchors: Option<&'a Anchors>,
}

impl Context<'_> {
    /// Reads one of the file's `vectors`. Its members tell what kind it is of.
    pub(super) fn case(&self, fields: &Fields) -> Result<Case, Fault> {
        let (subject, expected) = if httpsig::is_meant_by(fields) {
            (httpsig::subject(self, fields)?, fields.required("expected")?)
        } else if fields.has("wit") {
            (self.wit(fields)?, fields.required("expected")?)
        } else if fields.has("request") || fields.has("sequence") {
            (self.wpt(fields)?, fields.required("expected")?)
        } else if fields.has("input") {
            let input: String = fields.required("input")?;
            let expected = OneOrMany::One(identifier_expectation(fields, &input)?);
            (Subject::Identifier(input), expected)
        } else {
            return Err(Fault::UnknownKind);
        };
        let id = match &subject {
            Subject::Identifier(input) => input.clone(),
            _ => fields.required("id")?,
        };
        let expected = with_interop(expected, fields.optional::<String>("interop")?.as_deref());
        check_shape(&expected, subject.length())?;
        Ok(Case { id, subject, expected, expected_reason: fields.optional("expected_reason")? })
    }

    fn wit(&self, fields: &Fields) -> Result<Subject, Fault> {
        let profile = match fields.required("profile")? {
            WitProfile::Wimse => Profile::Wimse,
            WitProfile::WitSvid => Profile::WitSvid,
        };
        Ok(Subject::Wit {
            token: fields.required("wit")?,
            now: now(fields)?,
            trust: Trust::read(fields, self.anchors, profile)?,
        })
    }

    fn wpt(&self, fields: &Fields) -> Result<Subject, Fault> {
        let (receiver, requests) = self.sequence(fields, |fields| self.request(fields))?;
        Ok(Subject::Wpt { receiver, requests })
    }

    /// Reads the cases that `sequence` names, or this one alone. All of them must want the same receiver.
    pub(super) fn sequence<R: PartialEq, Q>(
        &self,
        fields: &Fields,
        read: impl Fn(&Fields) -> Result<(R, Q), Fault>,
    ) -> Result<(R, OneOrMany<Q>), Fault> {
        let Some(ids) = fields.optional::<Vec<String>>("sequence")? else {
            return read(fields).map(|(receiver, request)| (receiver, OneOrMany::One(request)));
        };
        let cases: Vec<_> = ids.iter().map(|id| read(self.named(id)?)).collect::<Result<_, _>>()?;
        let (receivers, requests): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
        let mut receivers = receivers.into_iter();
        let receiver = receivers.next().ok_or(Fault::Missing("sequence"))?;
        if receivers.any(|other| other != receiver) {
            return Err(Fault::UnequalReceivers);
        }
        Ok((receiver, OneOrMany::Many(requests)))
    }

    fn named(&self, id: &str) -> Result<&Fields, Fault> {
        let is_named =
            |fields: &&Fields| fields.optional::<String>("id").is_ok_and(|name| name.as_deref() == Some(id));
        self.vectors.iter().find(is_named).ok_or_else(|| Fault::NoSuchCase(id.to_owned()))
    }

    fn request(&self, fields: &Fields) -> Result<(Receiver, Request), Fault> {
        let receiver = Receiver {
            trust: Trust::read(fields, self.anchors, Profile::Wimse)?,
            audiences: fields.required("accepted_audiences")?,
            context_tokens: fields.optional("understood_oth")?,
            revision: match fields.required("profile")? {
                WptProfile::Wpt02HttpSignature07 => Revision::Wpt02HttpSignature07,
                WptProfile::Wpt01HttpSignature06 => Revision::Wpt01HttpSignature06,
            },
        };
        Ok((receiver, Request { now: now(fields)?, message: fields.required("request")? }))
    }
}

/// Reads one of the file's `comparison` pairs.
pub(super) fn comparison(fields: &Fields) -> Result<Case, Fault> {
    let (a, b): (String, String) = (fields.required("a")?, fields.required("b")?);
    Ok(Case {
        id: format!("{a} == {b}"),
        subject: Subject::Comparison(a, b),
        expected: OneOrMany::One(Expected::accept(fields.required("equal")?)),
        expected_reason: None,
    })
}

/// The rule of the scheme decides; text in place of a boolean explains why either outcome is right.
fn identifier_expectation(fields: &Fields, input: &str) -> Result<Expected, Fault> {
    let rule = if input.starts_with("spiffe:") { "spiffe" } else { "id_pr99" };
    fields.required(rule).map(Expected::accept).or_else(|_| {
        let _explanation: String = fields.required(rule)?;
        Ok(Expected::Policy)
    })
}

fn with_interop(expected: OneOrMany<Expected>, interop: Option<&str>) -> OneOrMany<Expected> {
    match (&expected, interop) {
        (OneOrMany::One(Expected::Unknown), _) => expected,
        (_, Some("either")) => OneOrMany::One(Expected::Policy),
        _ => expected,
    }
}

fn check_shape(expected: &OneOrMany<Expected>, sequence: Option<usize>) -> Result<(), Fault> {
    match (expected, sequence) {
        (OneOrMany::One(Expected::Policy | Expected::Unknown), _) | (OneOrMany::One(_), None) => Ok(()),
        (OneOrMany::Many(list), Some(length)) if list.len() == length => Ok(()),
        _ => Err(Fault::ExpectedShape),
    }
}

pub(super) fn now(fields: &Fields) -> Result<UnixTime, Fault> {
    fields.required("now").map(UnixTime::from_secs)
}
