//! HTTP/1.1 server of the emulators and stand-ins.
//!
//! A handler may return `None`, which closes the connection without a response. Frameworks do not offer that.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::background;
use crate::faults::Faults;

/// Response with a whole body.
pub type Response = hyper::Response<Full<Bytes>>;

/// Builds a response. Headers that HTTP does not allow are left out.
pub fn response(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Server that runs until it is dropped.
#[derive(Debug)]
pub struct Server {
    /// Address on 127.0.0.1.
    pub address: SocketAddr,
    task: JoinHandle<Infallible>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves on 127.0.0.1 and a free port, with the faults that a test injects.
pub async fn serve_with_faults<H, F>(faults: &Faults, handler: H) -> Result<Server>
where
    H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Option<Response>> + Send + 'static,
{
    let (faults, handler) = (faults.clone(), Arc::new(handler));
    serve(move |request| {
        let (faults, handler) = (faults.clone(), Arc::clone(&handler));
        async move { faults.apply(request, |request| handler(request)).await }
    })
    .await
}

/// Serves on 127.0.0.1 and a free port.
pub async fn serve<H, F>(handler: H) -> Result<Server>
where
    H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Option<Response>> + Send + 'static,
{
    let handler = Arc::new(handler);
    // The listener belongs to the runtime it is bound on.
    let (listener, address) = background::spawn(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        Ok::<_, std::io::Error>((listener, address))
    })
    .await?
    .context("could not listen on 127.0.0.1")?;

    let task = background::spawn(async move {
        loop {
            let Ok((connection, _)) = listener.accept().await else {
                continue;
            };
            connection.set_nodelay(true).ok();
            let handler = Arc::clone(&handler);
            background::spawn(async move {
                let service = service_fn(move |request| {
                    let handler = Arc::clone(&handler);
                    async move { handler(whole(request).await?).await.ok_or(NoResponse) }
                });
                // Fails if the caller leaves or the handler returns `None`: both are intended.
                http1::Builder::new()
                    .serve_connection(TokioIo::new(connection), service)
                    .await
                    .ok();
            });
        }
    });
    Ok(Server { address, task })
}

async fn whole(request: Request<Incoming>) -> Result<Request<Bytes>, NoResponse> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| NoResponse)?.to_bytes();
    Ok(Request::from_parts(head, body))
}

/// Error that makes hyper close the connection.
#[derive(Debug)]
struct NoResponse;

impl std::fmt::Display for NoResponse {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("closed without a response on purpose")
    }
}

impl std::error::Error for NoResponse {}
