//! A service that starts from a TOML file, waits for its trust anchors and its credential, serves, and stops gracefully.
//!
//! - `cargo run --example config` makes keys for a demonstration, starts from `service.toml` over them, calls itself with a signed request
//!   and without, and ends. It exits non-zero if an outcome differs from what is expected.
//! - `cargo run --example config -- --serve` goes on serving until ctrl-c.
//! - `cargo run --example config -- FILE` serves from your own file, with paths relative to its folder, until ctrl-c.

mod demo;
#[path = "../quickstart/report.rs"]
mod report;
mod service;

use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use report::Report;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use wimse::Signer;
use wimse::config::{Config, from_toml};
use wimse::reqwest::{WimseMiddleware, client_builder, reqwest_middleware};

/// What the file holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    listen: SocketAddr,
    wimse: Config,
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let argument = std::env::args().nth(1);
    let mut report = Report::default();
    if let Some(file) = argument.as_deref().filter(|argument| *argument != "--serve") {
        let folder = Path::new(file).parent().unwrap_or(Path::new(""));
        run(Path::new(file), folder, false, &mut report).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let folder = demo::files()?;
    run(&beside(), folder.path(), argument.is_none(), &mut report).await?;
    Ok(report.finish())
}

/// The file that comes with the example.
fn beside() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/config/service.toml")
}

async fn run(file: &Path, folder: &Path, once: bool, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let Settings { listen, wimse } = from_toml(&text)?;
    let running = wimse.starter().base_dir(folder).start().map_err(|error| error.under("wimse"))?;
    running.ready(Duration::from_secs(30)).await?;
    let running = Arc::new(running);
    let server = running.server().ok_or("the file has no section `wimse.server`")?;

    let listener = TcpListener::bind(listen).await?;
    let base = format!("http://{}", listener.local_addr()?);
    report.heading(&format!("listening on {base}"));
    let (stop, stopped) = oneshot::channel::<()>();
    let app = service::router(server, Arc::clone(&running));
    let serving = axum::serve(listener, app).with_graceful_shutdown(async {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            // Dropped is not sent.
            Ok(()) = stopped => {}
        }
    });
    let serving = tokio::spawn(serving.into_future());
    if once {
        let signer = running.signer().ok_or("the file has no section `wimse.client`")?;
        call(&base, signer, report).await?;
        let _ = stop.send(());
    }
    serving.await??;
    report.note("stopped: every request was answered");
    // The last user of the sources, which end here.
    drop(running);
    Ok(())
}

async fn call(base: &str, signer: &Signer, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let client = client_builder().build()?;
    let signing = reqwest_middleware::ClientBuilder::new(client.clone())
        .with(WimseMiddleware::new(signer.clone()))
        .build();
    let reply = client.get(format!("{base}/ready")).send().await?;
    report.expect("the readiness endpoint", "200", reply.status().as_u16());
    let reply = signing.get(format!("{base}/orders")).send().await?;
    let got = format!("{} {}", reply.status().as_u16(), reply.text().await?);
    report.expect("a signed request", "200 orders for wimse://example.com/orders", got);
    let reply = client.get(format!("{base}/orders")).send().await?;
    report.expect("the same without a signature", "401", reply.status().as_u16());
    Ok(())
}
