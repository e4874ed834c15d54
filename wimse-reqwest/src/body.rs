//! Reading a body whole, up to a limit.

use std::future::poll_fn;
use std::pin::pin;

use bytes::Bytes;
use http_body::Body;
use wimse_core::content::{ContentBuffer, TooLarge};

/// Reads on until the end, and shows each piece to `each` as it arrives.
pub(crate) async fn read(
    body: reqwest::Body,
    limit: usize,
    mut each: impl FnMut(&[u8]),
) -> reqwest::Result<Result<Bytes, TooLarge>> {
    let mut buffer = match ContentBuffer::new(limit, body.size_hint().lower()) {
        Ok(buffer) => buffer,
        Err(error) => return Ok(Err(error)),
    };
    let mut body = pin!(body);
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        // reqwest shows no trailers.
        let Ok(piece) = frame?.into_data() else { continue };
        each(&piece);
        if let Err(error) = buffer.push(piece) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(buffer.finish()))
}
