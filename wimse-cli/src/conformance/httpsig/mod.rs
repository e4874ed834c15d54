//! Vectors of HTTP message signatures: what was sent, to whom, and what the receiver knows.

mod decide;

use serde::Deserialize;
use wimse_core::identifier::IdentifierError;
use wimse_core::{Profile, Revision, UnixTime, WorkloadId};

use super::anchors::Trust;
use super::case::{Context, Subject, now};
use super::fault::Fault;
use super::fields::Fields;
use super::message::Signed;

pub(super) use decide::{answered, sent};

/// How the receiver of signed requests is set up.
#[derive(Debug, PartialEq)]
pub(super) struct Receiver {
    trust: Trust,
    /// Without a list the receiver answers to the default audience of each request.
    audiences: Option<Vec<String>>,
    revision: Revision,
}

/// A signed request and the time at which it arrives.
#[derive(Debug)]
pub(super) struct Request {
    now: UnixTime,
    message: Signed,
    wit_check: WitCheck,
}

/// A response, and the request that its client sent.
#[derive(Debug)]
pub(super) struct Exchange {
    trust: Trust,
    revision: Revision,
    now: UnixTime,
    request: Signed,
    response: Signed,
    /// Without one any workload of the trust domain that the response names will do.
    server: Option<Server>,
    wit_check: WitCheck,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
enum WitCheck {
    #[default]
    Full,
    /// The issuer's key was never published: its signature counts as right.
    SkipSignature,
}

impl TryFrom<String> for WitCheck {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        // What follows the word is a remark for readers.
        if text.starts_with("skip") { Ok(Self::SkipSignature) } else { Err("it does not begin with `skip`") }
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Server(WorkloadId);

impl TryFrom<String> for Server {
    type Error = IdentifierError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        WorkloadId::parse(&text).map(Self)
    }
}

#[derive(PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Request,
    Response,
}

#[derive(Deserialize)]
enum Name {
    #[serde(rename = "httpsig-07")]
    Newest,
    #[serde(rename = "httpsig-06")]
    Older,
}

/// Whether a vector is about HTTP message signatures.
pub(super) fn is_meant_by(fields: &Fields) -> bool {
    let profile: Option<String> = fields.optional("profile").ok().flatten();
    fields.has("kind") || profile.is_some_and(|name| name.starts_with("httpsig"))
}

/// Reads a vector of HTTP message signatures.
pub(super) fn subject(context: &Context<'_>, fields: &Fields) -> Result<Subject, Fault> {
    match fields.required("kind")? {
        Kind::Request => {
            let (receiver, requests) = context.sequence(fields, |fields| request(context, fields))?;
            Ok(Subject::SignedRequest { receiver, requests })
        }
        Kind::Response => {
            exchange(context, fields).map(|exchange| Subject::SignedResponse(Box::new(exchange)))
        }
    }
}

fn request(context: &Context<'_>, fields: &Fields) -> Result<(Receiver, Request), Fault> {
    // A sequence can name any case of its file.
    if fields.required::<Kind>("kind")? != Kind::Request {
        return Err(Fault::NotARequest);
    }
    let receiver = Receiver {
        trust: Trust::read(fields, context.anchors, Profile::Wimse)?,
        audiences: fields.optional("expected_audiences")?,
        revision: revision(fields)?,
    };
    let (message, wit_check) = (fields.required("request")?, wit_check(fields)?);
    Ok((receiver, Request { now: now(fields)?, message, wit_check }))
}

fn exchange(context: &Context<'_>, fields: &Fields) -> Result<Exchange, Fault> {
    Ok(Exchange {
        trust: Trust::read(fields, context.anchors, Profile::Wimse)?,
        revision: revision(fields)?,
        now: now(fields)?,
        request: fields.required("request")?,
        response: fields.required("response")?,
        server: fields.optional("expected_server_identifier")?,
        wit_check: wit_check(fields)?,
    })
}

fn revision(fields: &Fields) -> Result<Revision, Fault> {
    Ok(match fields.required("profile")? {
        Name::Newest => Revision::Wpt02HttpSignature07,
        Name::Older => Revision::Wpt01HttpSignature06,
    })
}

fn wit_check(fields: &Fields) -> Result<WitCheck, Fault> {
    Ok(fields.optional("wit_check")?.unwrap_or_default())
}
