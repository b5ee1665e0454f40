//! Reverse proxy that injects faults in front of any HTTP server.

use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, header};
use tokio::sync::Mutex;

use crate::faults::Faults;
use crate::http::{self, Response, response};

/// Reverse proxy with faults. Runs until the last clone is dropped.
///
/// It speaks HTTP/1.1, reads whole bodies, and follows no redirects.
#[derive(Debug, Clone)]
pub struct FaultProxy {
    /// Rules, and the requests so far.
    pub faults: Faults,
    server: Arc<http::Server>,
}

impl FaultProxy {
    /// Starts a proxy in front of `target`, an address such as `http://127.0.0.1:5000`.
    pub async fn start(target: &str) -> Result<Self> {
        Self::with(target, None).await
    }

    /// Starts a proxy that forwards one request after the other. A conditional write of DynamoDB is atomic; moto checks
    /// the condition and writes in two steps, and serves several requests at once.
    pub async fn start_serial(target: &str) -> Result<Self> {
        Self::with(target, Some(Mutex::default())).await
    }

    async fn with(target: &str, turn: Option<Mutex<()>>) -> Result<Self> {
        let faults = Faults::default();
        let target = Arc::new(Target {
            address: target.trim_end_matches('/').to_owned(),
            client: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()?,
            turn,
        });
        let server = http::serve_with_faults(&faults, move |request| {
            let target = Arc::clone(&target);
            async move { Some(target.forward(request).await) }
        });
        Ok(Self {
            server: Arc::new(server.await?),
            faults,
        })
    }

    /// Address to use in place of the target's.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address)
    }
}

struct Target {
    address: String,
    client: reqwest::Client,
    /// Held by the request that is forwarded, if only one may be.
    turn: Option<Mutex<()>>,
}

impl Target {
    async fn forward(&self, request: Request<Bytes>) -> Response {
        let (head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = head.headers;
        for hop in [header::CONNECTION, header::TRANSFER_ENCODING, header::EXPECT] {
            headers.remove(hop);
        }
        let sent = self
            .client
            .request(head.method.clone(), format!("{}{path}", self.address))
            .headers(headers)
            .body(body);
        let _turn = match &self.turn {
            Some(turn) => Some(turn.lock().await),
            None => None,
        };
        match sent.send().await {
            Ok(received) => whole(received, head.method == Method::HEAD).await,
            Err(error) => bad_gateway(format!("the proxy could not reach {}: {error}", self.address)),
        }
    }
}

async fn whole(received: reqwest::Response, to_head: bool) -> Response {
    let status = received.status();
    let mut headers = received.headers().clone();
    headers.remove(header::CONNECTION);
    headers.remove(header::TRANSFER_ENCODING);
    if !to_head {
        headers.remove(header::CONTENT_LENGTH);
    }
    let Ok(body) = received.bytes().await else {
        return bad_gateway("the response ended too early".to_owned());
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn bad_gateway(message: String) -> Response {
    response(502, &[], message)
}
