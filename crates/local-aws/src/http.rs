//! Small helpers that the loopback endpoints share.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt;

/// An HTTP client with a pool of connections.
pub type HttpClient = Client<HttpConnector, Body>;

/// A client for loopback endpoints.
pub fn http_client() -> HttpClient {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).build(connector)
}

/// A request body, read to its end.
pub(crate) enum ReadBody {
    /// The whole body.
    Whole(Bytes),
    /// The body was larger than the limit; its size in bytes.
    TooLarge(usize),
    /// The connection broke before the body's end.
    Broken,
}

/// Reads a body and keeps at most `limit` bytes of it.
///
/// What lies beyond the limit is read and thrown away: a server that answers while the client still sends breaks the
/// connection, and the client then reports a broken pipe instead of the refusal.
pub(crate) async fn read_body(body: Body, limit: usize) -> ReadBody {
    let mut chunks = body.into_data_stream();
    let mut kept = BytesMut::new();
    let mut size = 0usize;
    while let Some(chunk) = chunks.next().await {
        let Ok(chunk) = chunk else {
            return ReadBody::Broken;
        };
        size += chunk.len();
        if size <= limit {
            kept.extend_from_slice(&chunk);
        } else {
            kept = BytesMut::new();
        }
    }
    if size > limit {
        ReadBody::TooLarge(size)
    } else {
        ReadBody::Whole(kept.freeze())
    }
}

/// Put into a response's extensions: break the connection instead of sending that response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DropConnection;

/// A server on loopback that ends when this handle is dropped, and its connections with it.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves `router` on 127.0.0.1, on `port` or on a port of the system's choice where it is 0.
    pub(crate) async fn start(router: Router, port: u16) -> std::io::Result<Self> {
        Self::on(TcpListener::bind(("127.0.0.1", port)).await?, router)
    }

    /// Serves `router` on a listener.
    ///
    /// # Errors
    ///
    /// When the listener does not know its address.
    pub fn on(listener: TcpListener, router: Router) -> std::io::Result<Self> {
        Ok(Self {
            address: listener.local_addr()?,
            task: tokio::spawn(accept(listener, router)),
        })
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The task owns its connections; ending it closes them too, hung requests included.
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Answers are small; waiting to fill a packet would cost 40 ms each.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(serve(stream, router.clone()));
                }
                Err(error) => {
                    // Out of file descriptors, most likely: some connections have to end first.
                    tracing::warn!(%error, "a loopback endpoint could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, router: Router) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = router.clone().oneshot(request.map(Body::new));
        async move {
            match answer.await {
                Ok(response) if response.extensions().get::<DropConnection>().is_some() => {
                    Err("the connection is dropped on purpose")
                }
                Ok(response) => Ok(response),
                Err(never) => match never {},
            }
        }
    });
    // A client that goes away in the middle of a request is its own business.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
