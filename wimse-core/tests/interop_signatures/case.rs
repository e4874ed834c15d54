//! One call as both sides see it: read from the library's document, written for it, checked by our code.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use serde_json::{Map, Value, json};
use wimse_core::dangerous::validate_wit_without_proof;
use wimse_core::httpsig::profile::{Exchange, MAX_WINDOW, RequestCheck, ResponseCheck, Terms};
use wimse_core::httpsig::{RequestParts, ResponseParts};
use wimse_core::trace::NoTrace;
use wimse_core::{
    Audiences, Expectation, Limits, Rejection, Revision, TrustDomain, TrustStore, UnixTime, Wit,
};

const LEEWAY: Duration = Duration::from_secs(60);

/// One call: request and response, and what both sides know beside them.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) audience: String,
    pub(crate) nonce: String,
    pub(crate) sign_response: bool,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) status: StatusCode,
    pub(crate) request: Rest,
    pub(crate) response: Rest,
}

/// What requests and responses have in common.
#[derive(Debug, Clone)]
pub(crate) struct Rest {
    pub(crate) headers: HeaderMap,
    pub(crate) content: String,
}

impl Rest {
    fn read(message: &Value) -> Self {
        let mut headers = HeaderMap::new();
        for (name, lines) in message["headers"].as_object().unwrap() {
            let lines = lines.as_array().map_or(std::slice::from_ref(lines), Vec::as_slice);
            for line in lines {
                let name = HeaderName::try_from(name).unwrap();
                headers.append(name, HeaderValue::from_str(line.as_str().unwrap()).unwrap());
            }
        }
        Self { headers, content: message["content"].as_str().unwrap().to_owned() }
    }

    fn headers_as_json(&self) -> Value {
        let mut headers = Map::new();
        for (name, value) in &self.headers {
            headers.insert(name.to_string(), value.to_str().unwrap().into());
        }
        headers.into()
    }
}

impl Case {
    pub(crate) fn read(case: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (request, response) = (&case["request"], &case["response"]);
        let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
        Self {
            id: text(&case["id"]),
            audience: text(&case["audience"]),
            nonce: text(&case["nonce"]),
            sign_response: case["sign_response"].as_bool().unwrap(),
            method: text(&request["method"]).parse().unwrap(),
            uri: text(&request["url"]).parse().unwrap(),
            status: StatusCode::from_u16(status).unwrap(),
            request: Rest::read(request),
            response: Rest::read(response),
        }
    }

    pub(crate) fn as_json(&self) -> Value {
        json!({
            "id": self.id, "audience": self.audience, "nonce": self.nonce, "sign_response": self.sign_response,
            "request": {
                "method": self.method.as_str(), "url": self.uri.to_string(),
                "headers": self.request.headers_as_json(), "content": self.request.content,
            },
            "response": {
                "status": self.status.as_u16(),
                "headers": self.response.headers_as_json(), "content": self.response.content,
            },
        })
    }

    pub(crate) fn exchange<'a>(&'a self, uri: &'a Uri) -> Exchange<'a> {
        let request = RequestParts::new(&self.method, uri, &self.request.headers).with_scheme("https");
        Exchange { request, nonce: &self.nonce, signed_response_wanted: self.sign_response }
    }

    /// Request, then response, both with their content. `uri` is the target in the form that travelled.
    pub(crate) fn verify(&self, uri: &Uri, trust: &TrustStore, now: UnixTime) -> Result<(), Rejection> {
        let terms = Terms { revision: Revision::default(), now, leeway: LEEWAY, window: MAX_WINDOW };
        let audiences = Audiences::exact([self.audience.as_str()]);
        let exchange = self.exchange(uri);
        let wit = wit(&self.request.headers, trust, now)?;
        let request = exchange.request;
        let check = RequestCheck { request, wit: &wit, audiences: &audiences, context: &[], terms };
        let verified = check.verify()?.expect("a signature with the tag");
        assert_eq!(verified.wants_signed_response(), self.sign_response, "{}", self.id);
        verified.check_content(self.request.content.as_bytes())?;
        assert_eq!(verified.nonce(), self.nonce, "{}", self.id);

        let wit = self::wit(&self.response.headers, trust, now)?;
        let response = ResponseParts::new(self.status, &self.response.headers);
        let expected = &Expectation::from(TrustDomain::parse("example.com").unwrap());
        let wit = Some(&*wit);
        let check = ResponseCheck { response, exchange, wit, expected, terms };
        let verified = check.verify()?.expect("a signature with the tag");
        verified.check_content(self.response.content.as_bytes())
    }
}

fn wit(headers: &HeaderMap, trust: &TrustStore, now: UnixTime) -> Result<Arc<Wit>, Rejection> {
    let token = headers["workload-identity-token"].to_str().unwrap();
    validate_wit_without_proof(token, trust, &Limits::default(), now, &mut NoTrace)
}
