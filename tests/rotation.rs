//! The example `rotation` for a few seconds; `cargo run --example rotation` takes a minute.
#![allow(clippy::unwrap_used, reason = "test code")]

#[path = "../examples/rotation/main.rs"]
#[expect(dead_code, reason = "its own main")]
mod rotation;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_04_ta_04_ta_08_nothing_is_refused_while_keys_rotate_and_everything_after_a_key_is_withdrawn() {
    assert!(rotation::run(5).await.unwrap().all_as_expected());
}
