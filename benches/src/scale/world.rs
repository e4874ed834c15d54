//! A service that knows many callers of many trust domains, every one of whom has called before.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use futures_util::FutureExt;
use http::Method;
use wimse_core::jose::{Algorithm, JwkSet, SigningKey};
use wimse_core::{
    Credential, Proof, Signer, SystemClock, TrustAnchors, TrustStore, Verifier, WitIssuer, WorkloadId,
};

use crate::caller::{busy_cache, signer, verifier};
use crate::requests::{ORDERS, signed, to};

/// How many callers are there to take requests from, at most: enough that the same one is not soon heard again.
const SAMPLE: usize = 10_000;

/// Proofs that the service remembers.
const REMEMBERED: u32 = 200_000;

pub(crate) struct World {
    pub(crate) verifier: Verifier,
    /// Signers of callers spread over all of them.
    pub(crate) signers: Vec<Signer>,
}

/// One trust domain's name and issuer.
struct Domain {
    name: String,
    issuer: WitIssuer,
    keys: JwkSet,
}

impl World {
    /// Callers are spread over the domains. All share one proof key, which makes no difference to the service: it keeps
    /// a key of its own for each.
    pub(crate) fn new(domains: usize, callers: usize) -> Self {
        let domains: Vec<_> = (0..domains).map(Domain::new).collect();
        let anchors = domains.iter().fold(TrustAnchors::new(), |anchors, domain| {
            anchors.domain(&domain.name, domain.keys.clone()).unwrap()
        });
        // Twice the room, so that the shards of the cache may fill unevenly.
        let store = TrustStore::with_cache_capacity(Some(anchors), 2 * callers + 1000);
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let signers = introduce(&store, &domains, callers, &key);
        let verifier = verifier(&store).replay_cache(busy_cache(REMEMBERED)).build().unwrap();
        Self { verifier, signers }
    }
}

impl Domain {
    fn new(number: usize) -> Self {
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let keys = key.public_jwk().clone().with_kid("issuer-1").into();
        Self { name: format!("d{number}.example.com"), issuer: WitIssuer::new(key, "issuer-1"), keys }
    }

    fn caller(&self, number: usize, key: &SigningKey) -> Signer {
        let subject = WorkloadId::parse(&format!("wimse://{}/caller/{number}", self.name)).unwrap();
        let token = self.issuer.issue(&subject, key.public_jwk()).unwrap();
        signer(&Credential::new(&token, key.clone()).unwrap(), Proof::Wpt, SystemClock)
    }
}

/// Has every caller call once, on all cores, and returns the sample.
fn introduce(store: &TrustStore, domains: &[Domain], callers: usize, key: &SigningKey) -> Vec<Signer> {
    let verifier = &verifier(store).allow_replay().build().unwrap();
    let (next, every) = (&AtomicUsize::new(0), callers.div_ceil(SAMPLE));
    let work = move || {
        let mut sample = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(domain) = domains.get(number % domains.len()).filter(|_| number < callers) else {
                return sample;
            };
            let signer = domain.caller(number, key);
            call(verifier, &signer);
            if number % every == 0 {
                sample.push(signer);
            }
        }
    };
    thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

fn call(verifier: &Verifier, signer: &Signer) {
    let request = signed(signer, to(Method::GET, ORDERS), b"");
    drop(verifier.verify(&request).now_or_never().unwrap().unwrap());
}
