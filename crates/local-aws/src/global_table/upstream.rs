//! The way to dynoxide: its own endpoint for one Region, and the names that it has wrong.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{Request, Response, StatusCode, Uri, header};

use super::arn_rewriter::ArnRewriter;
use super::replica::Replica;
use crate::http::HttpClient;

/// dynoxide's endpoint for one Region's database.
pub(super) struct Upstream {
    pub(super) replica: Arc<Replica>,
    /// Where dynoxide answers for this Region.
    pub(super) dynoxide: SocketAddr,
    pub(super) client: HttpClient,
}

impl Upstream {
    fn inner_uri(&self, uri: &Uri) -> Uri {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Uri::builder()
            .scheme("http")
            .authority(self.dynoxide.to_string())
            .path_and_query(path)
            .build()
            .unwrap_or_default()
    }

    /// What has to be rewritten in bodies now.
    pub(super) fn arns(&self) -> ArnRewriter {
        ArnRewriter::new(&self.replica)
    }

    /// Sends a request to dynoxide's endpoint, with the names in it and in its answer rewritten.
    pub(super) async fn send_rewritten(&self, head: &Parts, body: &[u8]) -> Response<Body> {
        let text = self.arns().inward(&String::from_utf8_lossy(body));
        let answer = self.send(head, Body::from(text)).await;
        self.rewritten(answer).await
    }

    /// An answer of dynoxide's with the right names.
    pub(super) async fn rewritten(&self, answer: Response<Body>) -> Response<Body> {
        let arns = self.arns();
        rewrite(answer, |body| {
            let text = std::str::from_utf8(body).ok()?;
            Some(arns.outward(text).into_bytes())
        })
        .await
    }

    /// Sends a request to dynoxide's endpoint.
    pub(super) async fn send(&self, head: &Parts, body: Body) -> Response<Body> {
        let mut request = Request::new(body);
        *request.method_mut() = head.method.clone();
        *request.headers_mut() = head.headers.clone();
        // The body may be another one than came.
        request.headers_mut().remove(header::CONTENT_LENGTH);
        *request.uri_mut() = self.inner_uri(&head.uri);
        match self.client.request(request).await {
            Ok(answer) => answer.map(Body::new),
            Err(error) => {
                tracing::error!(%error, "the Region's database does not answer");
                status(StatusCode::BAD_GATEWAY)
            }
        }
    }
}

/// Changes an answer's body where it was a success. Its checksum no longer fits then, and goes.
async fn rewrite(
    answer: Response<Body>,
    change: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
) -> Response<Body> {
    let (mut head, body) = answer.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return status(StatusCode::BAD_GATEWAY);
    };
    match change(&body) {
        Some(changed) => {
            head.headers.remove("x-amz-crc32");
            head.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(head, Body::from(changed))
        }
        None => Response::from_parts(head, Body::from(body)),
    }
}

/// An answer without a body.
pub(super) fn status(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}
