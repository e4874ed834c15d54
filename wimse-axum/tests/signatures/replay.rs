//! A signed request counts once, whenever its content is complete and whatever the store says.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::post as on_post;
use http_body_util::channel::Channel;
use wimse_axum::{AuthenticateLayer, Workload};
use wimse_core::replay::{ProofUse, ReplayAnswer, ReplayError, Use};
use wimse_core::testing::FrozenClock;
use wimse_core::{Audiences, Clock, MemoryReplayCache, Proof, ReplayCache, UnixTime};

use crate::fixture::{World, post};
use crate::sockets::{BASE, Client, Server, clients, copy, domain, verifier_with};
use crate::watching::{Meter, Runs};

const CONTENT: &[u8] = b"two pounds of apples";

async fn start(layer: AuthenticateLayer) -> (Server, Meter, Runs) {
    let (meter, runs) = (Meter::new(), Runs::default());
    let handler = {
        let runs = runs.clone();
        async move |_: Workload, content: Bytes| {
            runs.note();
            content
        }
    };
    let app = Router::new().route("/orders", on_post(handler)).layer(layer);
    (Server::start(meter.around(app)).await, meter, runs)
}

/// All of them are judged by their heads, and have their content, before one of them is complete.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hsq_26_of_many_copies_at_once_exactly_one_is_served() {
    const COPIES: usize = 16;
    let world = World::new();
    let (server, meter, runs) = start(world.signing()).await;
    let signed = world.signed(post(&server, "/orders", Body::empty()), CONTENT);
    let (mut senders, mut answers) = (Vec::new(), Vec::new());
    for copies in 0..COPIES / 2 {
        for client in clients() {
            let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
            let request = copy(&signed).map(|_| Body::new(body));
            answers.push(tokio::spawn(async move { client.send(request).await }));
            sender.send_data(Bytes::from_static(&CONTENT[..10])).await.unwrap();
            senders.push(sender);
        }
        meter.wait((copies + 1) * 20).await;
    }
    for mut sender in senders {
        sender.send_data(Bytes::from_static(&CONTENT[10..])).await.unwrap();
    }
    let mut served = 0;
    for answer in answers {
        let reply = answer.await.unwrap();
        if reply.status == 200 {
            served += 1;
        } else {
            reply.assert_refused(400, "replayed");
        }
    }
    assert_eq!((served, runs.count()), (1, 1));
}

/// What a copy gets whose content takes longer than the store remembers the nonce of the first.
async fn outwait(cache: impl FnOnce(FrozenClock) -> Box<dyn ReplayCache>) -> [(u16, usize); 2] {
    let clock = FrozenClock::at(1_800_000_000);
    let world = World::of(domain().clock(clock.clone()));
    let verifier = world.domain.verifier(Audiences::base_url(BASE)).proofs([Proof::HttpSignature]);
    let verifier = verifier.replay_cache(Arc::<dyn ReplayCache>::from(cache(clock.clone()))).build().unwrap();
    let (server, meter, runs) = start(wimse_axum::authenticate(verifier)).await;
    let mut outcomes = [(0, 0); 2];
    for (client, outcome) in clients().into_iter().zip(&mut outcomes) {
        let request = world.signed(post(&server, "/orders", CONTENT), CONTENT);
        let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
        let slow = copy(&request).map(|_| Body::new(body));
        let slow = tokio::spawn({
            let client = Client::new(client.version());
            async move { client.send(slow).await }
        });
        let before = meter.taken();
        sender.send_data(Bytes::from_static(&CONTENT[..10])).await.unwrap();
        meter.wait(before + 10).await;
        assert_eq!(client.send(request).await.body, CONTENT);
        clock.advance(500);
        assert_eq!(runs.take(), 1);
        sender.send_data(Bytes::from_static(&CONTENT[10..])).await.unwrap();
        drop(sender);
        *outcome = (slow.await.unwrap().status.as_u16(), runs.take());
    }
    outcomes
}

/// Forgets by its own clock, and answers at once or later.
struct Forgetful {
    clock: FrozenClock,
    used: Mutex<HashMap<[u8; 32], UnixTime>>,
    at_once: bool,
}

impl Forgetful {
    fn boxed(clock: FrozenClock, at_once: bool) -> Box<dyn ReplayCache> {
        Box::new(Self { clock, used: Mutex::default(), at_once })
    }
}

impl ReplayCache for Forgetful {
    fn use_once(&self, proof: &ProofUse<'_>) -> ReplayAnswer {
        let mut used = self.used.lock().unwrap();
        used.retain(|_, until| *until > self.clock.now());
        let known = used.insert(proof.digest(), proof.expires_at()).is_some();
        let answer = Ok(if known { Use::Again } else { Use::First });
        match self.at_once {
            true => ReplayAnswer::Ready(answer),
            false => ReplayAnswer::Pending(Box::pin(async move { answer })),
        }
    }
}

#[tokio::test]
async fn hsq_26_hsq_35_a_copy_cannot_wait_until_it_is_forgotten() {
    let refused = [(400, 0); 2];
    assert_eq!(outwait(|_| Box::new(MemoryReplayCache::default())).await, refused);
    assert_eq!(outwait(|clock| Forgetful::boxed(clock, false)).await, refused);
    assert_eq!(outwait(|clock| Forgetful::boxed(clock, true)).await, refused);
}

/// A store that is asked over a network, and is down at times.
#[derive(Clone, Default)]
struct Remote {
    down: Arc<AtomicBool>,
    store: Arc<MemoryReplayCache>,
}

impl ReplayCache for Remote {
    fn use_once(&self, proof: &ProofUse<'_>) -> ReplayAnswer {
        if self.down.load(Ordering::SeqCst) {
            return ReplayAnswer::Pending(Box::pin(async {
                tokio::task::yield_now().await;
                Err(ReplayError::Unavailable)
            }));
        }
        match self.store.use_once(proof) {
            ReplayAnswer::Ready(answer) => ReplayAnswer::Pending(Box::pin(async move {
                tokio::task::yield_now().await;
                answer
            })),
            pending @ ReplayAnswer::Pending(_) => pending,
        }
    }
}

#[tokio::test]
async fn hsq_26_amb_34_a_store_that_is_down_answers_503_and_one_that_is_up_counts() {
    let world = World::new();
    let remote = Remote::default();
    let verifier = verifier_with(&world.domain, |builder| {
        builder.proofs([Proof::HttpSignature]).replay_cache(remote.clone())
    });
    let layer = wimse_axum::authenticate(verifier).sign_responses(world.own());
    let (server, _, runs) = start(layer).await;
    for client in clients() {
        let call = world.demanding(post(&server, "/orders", CONTENT), CONTENT);
        remote.down.store(true, Ordering::SeqCst);
        let refused = client.send(copy(&call.request).map(|_| Body::from(CONTENT))).await;
        refused.assert_refused(503, "replay_unavailable");
        assert!(!refused.headers.contains_key("signature"));
        remote.down.store(false, Ordering::SeqCst);
        let again = copy(&call.request).map(|_| Body::from(CONTENT));
        assert_eq!(call.send(&client).await.signed().body, CONTENT);
        client.send(again).await.assert_refused(400, "replayed");
        assert_eq!(runs.take(), 1);
    }
}
