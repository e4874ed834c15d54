//! A service under full load for as long as you like, while tokens and keys rotate, Redis dies and comes back, and attackers
//! replay, alter, stall, reset and oversize. No decision may be wrong, nothing may panic, memory must stay flat.
//!
//! `cargo run --release -p wimse-soak [seconds]`, 60 by default. Needs `redis-server`. Exits non-zero if anything went wrong.

mod attacks;
mod callers;
#[path = "../../examples/rotation/identity.rs"]
#[expect(dead_code, reason = "the example withdraws keys as well")]
mod identity;
mod ledger;
mod load;
mod memory;
mod process;
mod redis;
mod replays;
#[path = "../../examples/quickstart/server.rs"]
mod server;
mod service;

use std::error::Error;
use std::process::ExitCode;

/// What can go wrong besides decisions.
type BoxError = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", identity, redis] => service::serve(identity, redis).await.map(|()| ExitCode::SUCCESS),
        [] => load::run(60).await,
        [seconds] => load::run(seconds.parse()?).await,
        _ => Err("usage: wimse-soak [seconds]".into()),
    }
}
