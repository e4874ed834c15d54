//! Starting, waiting, ending.

use std::time::Duration;

use http::Request;
use tokio::runtime::Handle;
use wimse_core::SignOptions;

use crate::fixture::{Folder, SOON, changed, eventually, start};

#[tokio::test]
async fn ready_names_the_sources_that_have_nothing_within_one_limit_for_all() {
    let folder = Folder::new();
    let running = folder.start(&changed(&[]));
    let begun = std::time::Instant::now();
    let error = running.ready(Duration::from_millis(300)).await.unwrap_err();
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(5), "{took:?}");
    let waiting: Vec<_> = error.waiting().map(|(path, _)| path).collect();
    assert_eq!(waiting, ["trust.file", "identity.file"]);
    let text = error.to_string();
    assert!(text.starts_with("not ready within 300ms; trust.file: "), "{text}");
    assert!(!running.is_healthy());

    folder.write_anchors();
    eventually(|| running.trust_store().unwrap().anchors().is_some()).await;
    let error = running.ready(Duration::ZERO).await.unwrap_err();
    assert_eq!(error.waiting().map(|(path, _)| path).collect::<Vec<_>>(), ["identity.file"]);

    folder.write_credential("orders");
    running.ready(SOON).await.unwrap();
    running.ready(Duration::ZERO).await.unwrap();
    eventually(|| running.is_healthy()).await;
}

#[tokio::test]
async fn wit_31_before_the_first_anchors_the_answer_is_503() {
    let (folder, caller) = (Folder::new(), Folder::full());
    let (running, caller) = (folder.start(&changed(&[])), caller.start(&changed(&[])));
    caller.ready(SOON).await.unwrap();
    let mut request = Request::get("https://orders.example.com/orders").body(()).unwrap();
    let _ = caller.signer().unwrap().sign_request(&mut request, None, &SignOptions::default()).unwrap();
    let rejection = running.server().unwrap().verifier().verify(&request).await.unwrap_err();
    assert_eq!(rejection.status(), 503);
}

#[tokio::test]
async fn dropping_what_runs_ends_every_task() {
    let folder = Folder::full();
    let alive = || Handle::current().metrics().num_alive_tasks();
    assert_eq!(alive(), 0);
    let running = folder.start(&changed(&[]));
    running.ready(SOON).await.unwrap();
    assert!(alive() >= 2, "{}", alive());
    // Neither parts nor handles that were cloned keep a source.
    let (server, signer) = (running.server().unwrap().clone(), running.signer().unwrap().clone());
    let handles: Vec<_> = running.sources().iter().map(|source| source.handle().cloned()).collect();
    drop(running);
    eventually(|| alive() == 0).await;
    assert!(handles.iter().flatten().all(|handle| !handle.is_healthy()));
    drop((server, signer));
}

#[tokio::test]
async fn what_cannot_be_started_leaves_nothing_running() {
    let text = changed(&[("client.proof_lifetime", r#""1h""#)]);
    assert_eq!(start(&text).unwrap_err().path(), "client.proof_lifetime");
    eventually(|| Handle::current().metrics().num_alive_tasks() == 0).await;
}

#[test]
fn outside_a_runtime_there_is_an_error_and_no_panic() {
    let error = start(&changed(&[])).unwrap_err();
    assert_eq!((error.path(), error.reason()), (".", "no_runtime"));
}
