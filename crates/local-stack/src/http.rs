//! HTTP/1.1 server of the emulators and stand-ins.
//!
//! A handler may return `None`, which closes the connection without a response. Frameworks do not offer that.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Sleep, sleep};

use crate::background;
use crate::faults::{CutInHalf, Faults};

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
                    async move {
                        let response = handler(whole(request).await?).await.ok_or(NoResponse)?;
                        let is_cut = response.extensions().get::<CutInHalf>().is_some();
                        Ok::<_, NoResponse>(response.map(|body| SentBody::new(body, is_cut)))
                    }
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

/// Body that may end after its first half, with the length of the whole.
#[derive(Debug)]
struct SentBody {
    whole: Full<Bytes>,
    length: u64,
    /// Time between the first half and the end of the connection, so that the half is sent.
    pause: Option<Pin<Box<Sleep>>>,
}

impl SentBody {
    fn new(whole: Full<Bytes>, is_cut: bool) -> Self {
        Self {
            length: whole.size_hint().exact().unwrap_or_default(),
            whole,
            pause: is_cut.then(|| Box::pin(sleep(Duration::from_millis(20)))),
        }
    }
}

impl Body for SentBody {
    type Data = Bytes;
    type Error = NoResponse;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, NoResponse>>> {
        let Self { whole, pause, .. } = &mut *self;
        match (ready!(Pin::new(whole).poll_frame(context)), pause) {
            (Some(Ok(frame)), Some(_)) => {
                let mut bytes = frame.into_data().unwrap_or_default();
                bytes.truncate(bytes.len() / 2);
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            (None, Some(pause)) => pause.as_mut().poll(context).map(|()| Some(Err(NoResponse))),
            (frame, None) => Poll::Ready(frame.map(|frame| frame.map_err(|never| match never {}))),
            (Some(Err(never)), Some(_)) => match never {},
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
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
