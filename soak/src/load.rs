//! Everything at once, and what came of it.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::BoxError;
use crate::attacks;
use crate::callers::Caller;
use crate::identity::Identity;
use crate::ledger::Ledger;
use crate::memory::{Memory, WARM_UP};
use crate::process::Service;
use crate::redis::Redis;
use crate::replays;

/// How long tokens live. Renewed after half of it, as long as the load lets that happen in time.
const LIFETIME: Duration = Duration::from_secs(12);

/// Connections that stall at the same time.
const VANDALS: usize = 100;

/// Panics of this process.
static PANICS: AtomicU64 = AtomicU64::new(0);

pub(crate) async fn run(seconds: u64) -> Result<ExitCode, Box<dyn Error>> {
    count_panics();
    let identity = Identity::start(LIFETIME).await?;
    let mut redis = Redis::start().await.map_err(plain)?;
    let mut service = Service::start(identity.base(), &redis.url()).await.map_err(plain)?;
    let (ledger, bases) = (Arc::new(Ledger::default()), service.bases.clone());
    let caller = async |workload| Caller::start(identity.base(), workload, &bases, &ledger).await;
    let mut actors = JoinSet::new();
    for workload in ["frontend", "batch", "frontend", "batch"] {
        actors.spawn(caller(workload).await?.call());
    }
    actors.spawn(replays::replay(caller("batch").await?, bases.clone(), Arc::clone(&ledger)));
    actors.spawn(attacks::alter(caller("batch").await?, bases.clone(), Arc::clone(&ledger)));
    actors.spawn(attacks::vandalize(caller("batch").await?, bases.clone(), VANDALS, Arc::clone(&ledger)));
    say(&format!("{seconds} s against two replicas at {}", bases.join(" and ")));

    let (started, mut memory) = (Instant::now(), Memory::default());
    for second in 1.. {
        sleep(Duration::from_secs(1)).await;
        if let Some(id) = service.id() {
            memory.look(id, service.remembered(), ledger.accepted(), started.elapsed());
        }
        // A new issuer key is known to everybody before it signs, and the old one until its last token has expired.
        match second % 24 {
            8 => identity.publish_next_key()?,
            16 => identity.sign_with_next_key(),
            _ => {}
        }
        if second % 40 == 30 {
            ledger.outage_begins();
            redis.kill_and_restart(Duration::from_secs(2)).await.map_err(plain)?;
            ledger.outage_ends();
        }
        if second % 30 == 0 {
            let (accepted, mib, proofs) = (ledger.accepted(), memory.now_mib(), service.remembered());
            let elapsed = started.elapsed().as_secs();
            say(&format!(
                "{elapsed:>6} s {accepted:>10} calls accepted, {mib} MiB, {proofs} proofs remembered"
            ));
        }
        if let Some(ended) = actors.try_join_next() {
            ledger.wrong("soak", format_args!("an actor ended: {ended:?}"));
        }
        if service.has_ended() {
            ledger.wrong("soak", "the service ended");
        }
        if started.elapsed() >= Duration::from_secs(seconds)
            || !ledger.all_wrong().is_empty() && service.has_ended()
        {
            break;
        }
    }
    actors.shutdown().await;
    Ok(summary(&ledger, &memory, service.panics() + PANICS.load(Relaxed)))
}

fn plain(error: BoxError) -> Box<dyn Error> {
    error
}

fn summary(ledger: &Ledger, memory: &Memory, panics: u64) -> ExitCode {
    say("");
    ledger.outcomes().iter().for_each(|line| say(line));
    let wrong = ledger.all_wrong();
    wrong.iter().for_each(|what| say(&format!("WRONG  {what}")));
    match memory.growth() {
        Some(growth) => say(&format!(
            "memory but for proofs: at most {growth:.3} of what it was after {WARM_UP:?}; {} MiB now, at most {} proofs",
            memory.now_mib(),
            memory.most_remembered()
        )),
        None => {
            say(&format!("memory: {} MiB; whether it stays flat shows after {WARM_UP:?}", memory.now_mib()));
        }
    }
    if memory.has_unexplained_proofs() {
        say("WRONG  memory: more proofs are remembered than were sent in the last minutes");
    }
    say(&format!("{panics} panics, {} wrong decisions", ledger.wrong_decisions()));
    let sound = wrong.is_empty() && panics == 0 && memory.is_flat() && ledger.accepted() > 0;
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn count_panics() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Relaxed);
        default(panic);
    }));
}

#[expect(clippy::print_stdout, reason = "printing is what this program is for")]
fn say(line: &str) {
    println!("{line}");
}
