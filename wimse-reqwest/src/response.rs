//! Checking a response before the application gets it.

use reqwest::{Response, ResponseBuilderExt};
use reqwest_middleware::Result;
use wimse_core::{Callee, ExpectedResponse};

use crate::WimseError;
use crate::body::read;

/// The response, if it is what was expected. One that is signed has its content read, and its
/// [`Callee`](wimse_core::Callee) in the extensions.
pub(crate) async fn checked(
    mut response: Response,
    expected: ExpectedResponse,
    limit: usize,
) -> Result<Response> {
    // Whatever is there already is not what this middleware vouches for.
    response.extensions_mut().remove::<Callee>();
    let verified = expected.verify_head(response.status(), response.headers()).map_err(WimseError::from)?;
    let Some(mut verified) = verified else { return Ok(response) };
    let url = response.url().clone();
    let (mut parts, body) = http::Response::from(response).into_parts();
    let content = match read(body, limit, |piece| verified.update(piece)).await? {
        Ok(content) => content,
        Err(error) => return Err(WimseError::from(verified.refuse(error)).into()),
    };
    verified.update(&[]);
    verified.mark_sensitive(&mut parts.headers);
    parts.extensions.insert(verified.finish().map_err(WimseError::from)?);
    // The only way to tell reqwest the URL of a response that it did not make itself.
    let located =
        http::Response::builder().url(url).body(()).map_err(reqwest_middleware::Error::middleware)?;
    parts.extensions.extend(located.into_parts().0.extensions);
    Ok(http::Response::from_parts(parts, content).into())
}
