//! Text from an operator: audiences and patterns.

use std::sync::LazyLock;

use futures_util::FutureExt;
use proptest::prelude::*;
use wimse_core::policy::pattern;
use wimse_core::testing::{FrozenClock, TestDomain, TestWorkload};
use wimse_core::{Audience, Audiences, Reason, SignOptions, TrustDomain, Verifier, WorkloadId};

use crate::change;

struct World {
    domain: TestDomain,
    workload: TestWorkload,
    clock: FrozenClock,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let clock = FrozenClock::at(1_800_000_000);
    let domain = TestDomain::new("example.com").clock(clock.clone());
    World { workload: domain.workload("/a"), domain, clock }
});

impl World {
    fn verifier(&self, audiences: Audiences) -> Result<Verifier, wimse_core::BuildError> {
        Verifier::builder()
            .trust_anchors(self.domain.trust_anchors())
            .audiences(audiences)
            .allow_replay()
            .clock(self.clock.clone())
            .build()
    }

    /// The verdict on a request for `path` whose proof is for `audience`.
    fn judge(&self, verifier: &Verifier, audience: &str, path: &str) -> Result<(), Reason> {
        let mut request = http::Request::get(path).body(()).unwrap();
        self.workload.sign_with(&mut request, &SignOptions::default().audience(Audience::fixed(audience)));
        verifier.verify(&request).now_or_never().unwrap().map(|_| ()).map_err(|rejection| rejection.reason())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn wpt_15_arbitrary_text_as_an_audience_does_no_harm(text in ".{0,60}", url in "[a-zA-Z]{0,6}(://|:|)[a-zA-Z0-9.@:?#%\\[\\]-]{0,20}(/[a-z?#]{0,4}){0,3}") {
        for text in [&text, &url] {
            let built = WORLD.verifier(Audiences::base_url(text));
            prop_assert_eq!(built.is_ok(), Audience::base_url(text).is_ok());
            if built.is_ok() {
                let web = ["http://", "https://"].iter().any(|s| text.to_ascii_lowercase().starts_with(s));
                prop_assert!(web && !text.contains(['?', '#', '@']), "{}", text);
            }
            prop_assert_eq!(WORLD.verifier(Audiences::exact([text.as_str()])).is_ok(), !text.is_empty());
        }
    }

    #[test]
    fn wpt_13_wpt_14_only_the_exact_audience_is_mine(
        host in "[a-z]{1,8}(\\.[a-z]{1,8}){0,2}(:[1-9][0-9]{2,3})?",
        base in "(/[a-z]{1,5}){0,2}",
        path in "(/[A-Za-z0-9%~._-]{0,5}){1,3}",
        change in change(),
    ) {
        prop_assume!(!host.ends_with(":443"));
        let verifier = WORLD.verifier(Audiences::base_url(&format!("https://{host}{base}"))).unwrap();
        let mine = format!("https://{host}{base}{path}");
        prop_assert_eq!(WORLD.judge(&verifier, &mine, &path), Ok(()));
        let altered = change.apply(&mine);
        if altered != mine {
            prop_assert_eq!(WORLD.judge(&verifier, &altered, &path), Err(Reason::AudienceMismatch));
        }
        for other in [mine.clone() + "/", mine.clone() + "?", mine.to_ascii_uppercase(), format!("https://{host}{base}")] {
            prop_assert_eq!(WORLD.judge(&verifier, &other, &path), Err(Reason::AudienceMismatch), "{}", other);
        }
    }
}

#[test]
fn wpt_15_a_base_url_that_cannot_be_meant_is_refused() {
    let bad = [
        "",
        "orders",
        "//orders",
        "/orders",
        "ftp://orders",
        "https://",
        "https://u@orders",
        "https://orders?x",
        "https://orders#x",
        "https://orders:99999",
        "https://orders:",
        "https://orders:x",
    ];
    let accepted =
        |base: &&str| WORLD.verifier(Audiences::base_url(base)).is_ok() || Audience::base_url(base).is_ok();
    assert_eq!(bad.into_iter().filter(accepted).collect::<Vec<_>>(), Vec::<&str>::new());
}

/// The meaning of a pattern, said a second time: segment by segment, scheme and trust domain to the letter.
fn fits(pattern: &str, id: &str) -> bool {
    let (pattern, id): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), id.split('/').collect());
    let open_ended = pattern.last() == Some(&"**");
    let fixed = if open_ended { &pattern[..pattern.len() - 1] } else { &pattern[..] };
    let long_enough = if open_ended { id.len() > fixed.len() } else { id.len() == fixed.len() };
    let same = |(i, (wanted, segment)): (usize, (&&str, &&str))| wanted == segment || i > 2 && *wanted == "*";
    long_enough && fixed.iter().zip(&id).enumerate().all(same)
}

fn some_id() -> impl Strategy<Value = String> {
    "(wimse|spiffe)://(a|b|a\\.b)(/(a|b|ab)){1,4}"
}

fn some_pattern() -> impl Strategy<Value = String> {
    "(wimse|spiffe|\\*)://(a|b|a\\.b|\\*|x)(/(a|b|ab|\\*|a\\*|\\.\\.)){0,3}(/\\*\\*)?(/a)?"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn id_27_arbitrary_patterns_do_no_harm(text in ".{0,60}", id in some_id()) {
        let id = WorkloadId::parse(&id).unwrap();
        if let Ok(policy) = pattern(&text) {
            prop_assert_eq!(policy.allows(&id), fits(&text, id.as_str()));
        }
    }

    #[test]
    fn id_13_id_27_a_pattern_fits_segment_by_segment(text in some_pattern(), id in some_id(), change in change()) {
        let id = WorkloadId::parse(&id).unwrap();
        for text in [&text, &change.apply(&text)] {
            let Ok(policy) = pattern(text) else { continue };
            prop_assert_eq!(policy.allows(&id), fits(text, id.as_str()), "{} {}", text, id);
            let domain = text.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
            prop_assert!(TrustDomain::parse(&domain).is_ok(), "{} has no trust domain", text);
        }
    }

    #[test]
    fn id_27_a_pattern_without_wildcards_is_the_identifier(id in some_id(), other in some_id()) {
        let policy = pattern(&id).unwrap();
        prop_assert_eq!(policy.allows(&WorkloadId::parse(&other).unwrap()), id == other);
    }
}
