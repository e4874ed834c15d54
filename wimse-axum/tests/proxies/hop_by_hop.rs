//! `Connection: Signature, Workload-Identity-Token`, which some proxies obey and take both fields off (RFC 9110
//! §7.6.1): a caller that signed is then refused, and not taken for an anonymous one.

use http::Version;
use wimse_core::testing::TestDomain;
use wimse_core::{Reason, Rejection, ResponseError};

use crate::client::{CALLER, Call, Client, Reply};
use crate::intermediary::Program::{Apache, Haproxy, Nginx};
use crate::intermediary::{Intermediary, Setup};
use crate::service::{ANSWER_CONNECTION, Seen, Service};

/// A proxy, and where the fields are gone after it: in requests over HTTP/1.1, in answers.
struct Proxy {
    setup: Setup,
    requests: bool,
    answers: bool,
}

const PROXIES: &[Proxy] = &[
    Proxy {
        setup: Setup::new(Nginx, "location / { proxy_http_version 1.1; proxy_pass http://up; }"),
        requests: false,
        answers: false,
    },
    Proxy { setup: Setup::new(Haproxy, ""), requests: false, answers: false },
    // The service obeys its answer's field itself, since HTTP/2 does not have it.
    Proxy { setup: Setup { server: "proto h2", ..Setup::new(Haproxy, "") }, requests: false, answers: true },
    Proxy {
        setup: Setup::new(
            Haproxy,
            "acl signature req.hdr(connection) -i signature
    acl input req.hdr(connection) -i signature-input
    acl token req.hdr(connection) -i workload-identity-token
    http-request del-header signature if signature
    http-request del-header signature-input if input
    http-request del-header workload-identity-token if token",
        ),
        requests: true,
        answers: false,
    },
    Proxy { setup: Setup::new(Apache, ""), requests: true, answers: true },
];

const BOTH: Call = Call::get("/orders").with(&[("connection", "Signature, Workload-Identity-Token")]);

/// Nothing is left of the credentials.
const ALL: Call =
    Call::get("/orders").with(&[("connection", "Signature, Signature-Input, Workload-Identity-Token")]);

const ANSWER: Call = Call::get("/orders").with(&[(ANSWER_CONNECTION, "Signature, Workload-Identity-Token")]);

/// Every proxy with a client of each version of HTTP.
async fn each(
    service: &Service,
    domain: &TestDomain,
    call: &Call,
    judge: impl Fn(&Proxy, Version, Result<Reply, ResponseError>, Seen, &str),
) {
    for proxy in PROXIES {
        let running = Intermediary::start(&proxy.setup, service.address).await;
        for client in Client::both(domain) {
            let reply = client.call(&running, call).await;
            let what = format!("{:?}, {:?}", proxy.setup, client.version);
            judge(proxy, client.version, reply, service.seen(), &what);
        }
    }
}

impl Proxy {
    /// Whether the fields do not reach the service. HTTP/2 has no `Connection`: there the client obeys it itself.
    fn takes_off(&self, version: Version) -> bool {
        self.requests || version == Version::HTTP_2
    }
}

#[tokio::test]
#[ignore = "needs nginx, haproxy and apache2: see .ci/run"]
async fn fields_that_are_named_in_connection_do_not_make_a_caller_anonymous() {
    let domain = TestDomain::new("example.com");
    // Where anonymous callers are served, taking credentials off could win something.
    let service = Service::start_optional(&domain).await;
    each(&service, &domain, &BOTH, |proxy, version, reply, seen, what| {
        if !proxy.takes_off(version) {
            assert!(reply.is_ok(), "{what}: {reply:?} {seen:?}");
            assert_eq!(seen.handled, [Some(domain.id(CALLER).to_string())], "{what}");
            return;
        }
        let [rejection] = &seen.rejected[..] else { panic!("{what}: {reply:?} {seen:?}") };
        assert_eq!(rejection.reason(), Reason::WitMissing, "{what}: {rejection}");
        assert!(seen.handled.is_empty(), "{what}: {seen:?}");
        assert_eq!(reply.expect_err(what).reason(), Reason::ResponseUnsigned);
    })
    .await;
}

/// The service cannot tell such a request from an anonymous one, and serves it no better. The caller can: the answer is not
/// signed.
#[tokio::test]
#[ignore = "needs nginx, haproxy and apache2: see .ci/run"]
async fn credentials_that_are_taken_off_whole_win_nothing() {
    let domain = TestDomain::new("example.com");
    let [required, optional] = [Service::start(&domain).await, Service::start_optional(&domain).await];
    each(&required, &domain, &ALL, |proxy, version, reply, seen, what| {
        let obeyed = proxy.takes_off(version);
        assert_eq!(reply.is_err(), obeyed, "{what}: {reply:?} {seen:?}");
        let reasons: Vec<_> = seen.rejected.iter().map(Rejection::reason).collect();
        let expected: &[_] = if obeyed { &[Reason::CredentialsMissing] } else { &[] };
        assert_eq!(reasons, expected, "{what}");
    })
    .await;
    each(&optional, &domain, &ALL, |proxy, version, reply, seen, what| {
        let obeyed = proxy.takes_off(version);
        let caller = (!obeyed).then(|| domain.id(CALLER).to_string());
        assert_eq!(seen.handled, [caller], "{what}");
        let refused = reply.err().map(|refused| refused.reason());
        assert_eq!(refused, obeyed.then_some(Reason::ResponseUnsigned), "{what}");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs nginx, haproxy and apache2: see .ci/run"]
async fn hsr_18_hsr_19_an_answer_whose_signature_is_taken_off_is_refused() {
    let domain = TestDomain::new("example.com");
    let service = Service::start(&domain).await;
    each(&service, &domain, &ANSWER, |proxy, _, reply, seen, what| {
        assert_eq!(seen.handled.len(), 1, "{what}: {seen:?}");
        let refused = reply.err().map(|refused| refused.reason());
        assert_eq!(refused, proxy.answers.then_some(Reason::WitMissing), "{what}");
    })
    .await;
}
