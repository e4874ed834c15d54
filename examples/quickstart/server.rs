//! A real socket on loopback, on a port that the system chooses.

use axum::Router;
use tokio::net::TcpListener;

/// Where a service will listen, known before the service is put together, since its audience names it.
pub(crate) async fn bind() -> std::io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    Ok((listener, base))
}

/// Serves until the program ends.
pub(crate) fn serve(listener: TcpListener, app: Router) {
    tokio::spawn(async move { axum::serve(listener, app).await });
}
