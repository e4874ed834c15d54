//! What may have been changed on the way, where a signature does not verify: for the operator's log.

use std::fmt;

use crate::httpsig::{Message, SignatureInput};
use crate::wit::WORKLOAD_IDENTITY_TOKEN;

/// What a signature covers of the message itself, and what was received of that.
///
/// Which component differs from what was signed cannot be told. Left out are the token, which is known to be the
/// validated one, and the request of a response, which the client has not received but sent. A query is shown by its
/// length, since it may hold secrets.
pub(super) struct Suspects<'a> {
    pub(super) input: SignatureInput<'a>,
    pub(super) message: &'a Message<'a>,
}

impl fmt::Display for Suspects<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suspects = self.input.components().iter();
        let suspects = suspects.filter(|c| !c.from_request() && c.name() != WORKLOAD_IDENTITY_TOKEN);
        for (i, component) in suspects.enumerate() {
            write!(f, "{}{component}", if i == 0 { "" } else { ", " })?;
        }
        match self.message {
            Message::Request(request) => {
                write!(f, " as received: {} {}", request.method(), request.path())?;
                match request.query() {
                    Some(query) => write!(f, " with a query of {} octets", query.len()),
                    None => f.write_str(" without a query"),
                }
            }
            Message::Response(response) => write!(f, " as received: {}", response.status().as_u16()),
        }
    }
}
