//! The few lines of HTTP server that emulator and fault proxy share.
//!
//! A handler may decline to answer, and then the connection is closed without a word: the fault that
//! frameworks do not offer, because no server wants it.

use std::{convert::Infallible, future::Future, net::SocketAddr, sync::Arc};

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::background;

/// An answer with a whole body.
pub type Answer = hyper::Response<Full<Bytes>>;

/// A server that runs until this is dropped.
#[derive(Debug)]
pub struct Server {
    /// Its address.
    pub address: SocketAddr,
    task: JoinHandle<Infallible>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves on 127.0.0.1 and a free port. Where `handler` yields nothing, the connection is closed.
pub async fn serve<H, F>(handler: H) -> Result<Server>
where
    H: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Option<Answer>> + Send + 'static,
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
                    async move { handler(whole(request).await?).await.ok_or(Unanswered) }
                });
                // Ends with an error where the other side leaves or the handler declines: both are meant.
                http1::Builder::new()
                    .serve_connection(TokioIo::new(connection), service)
                    .await
                    .ok();
            });
        }
    });
    Ok(Server { address, task })
}

async fn whole(request: Request<Incoming>) -> Result<Request<Bytes>, Unanswered> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Unanswered)?.to_bytes();
    Ok(Request::from_parts(head, body))
}

/// Makes hyper close the connection.
#[derive(Debug)]
struct Unanswered;

impl std::fmt::Display for Unanswered {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("left unanswered on purpose")
    }
}

impl std::error::Error for Unanswered {}
