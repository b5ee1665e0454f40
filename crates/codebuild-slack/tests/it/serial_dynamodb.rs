//! A proxy that passes requests to moto's DynamoDB one after the other.
//!
//! A conditional write of DynamoDB is atomic. Moto checks the condition and writes in two steps, and serves several
//! requests at once.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Mutex;

/// Starts the proxy in front of `target` and returns its URL. Tests share it, so it lives as long as the process.
pub(crate) fn start(target: &str) -> String {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let target: Arc<str> = target.into();
    // The runtime of a test ends with the test.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(serve(listener, target));
    });
    format!("http://{address}")
}

async fn serve(listener: std::net::TcpListener, target: Arc<str>) {
    listener.set_nonblocking(true).unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    let client = Arc::new(Mutex::new(reqwest::Client::builder().build().unwrap()));
    loop {
        let Ok((connection, _)) = listener.accept().await else {
            continue;
        };
        connection.set_nodelay(true).ok();
        let (client, target) = (Arc::clone(&client), Arc::clone(&target));
        tokio::spawn(async move {
            let service =
                service_fn(move |request| forward(Arc::clone(&client), Arc::clone(&target), request));
            http1::Builder::new()
                .serve_connection(TokioIo::new(connection), service)
                .await
                .ok();
        });
    }
}

async fn forward(
    client: Arc<Mutex<reqwest::Client>>,
    target: Arc<str>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let mut headers = head.headers;
    headers.remove(header::CONNECTION);
    // A task of its own: killing the caller must not cancel the request.
    let forwarded = tokio::spawn(async move {
        let client = client.lock().await;
        let sent = client
            .post(format!("{target}/"))
            .headers(headers)
            .body(body)
            .send()
            .await?;
        let (status, headers) = (sent.status(), sent.headers().clone());
        Ok::<_, reqwest::Error>((status, headers, sent.bytes().await?))
    });
    let (status, mut headers, body) = forwarded.await??;
    for hop in [
        header::CONNECTION,
        header::TRANSFER_ENCODING,
        header::CONTENT_LENGTH,
    ] {
        headers.remove(hop);
    }
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}
