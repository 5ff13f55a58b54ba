//! The servers that maitred is measured against, each as quick as its kind can be made by hand.

pub mod bare_import;
pub mod hand;
pub mod hand_postgres;
pub mod hand_stdio;
pub mod hand_trade;
pub mod hyper_const;
pub mod write_each;

use std::convert::Infallible;
use std::net::TcpListener;

use anyhow::Result;
use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

/// What a handler gives back.
pub type Reply = Response<Full<Bytes>>;

/// What a handler of [`serve`] is given: method, path and the body read fully.
#[derive(Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: String,
    /// The body.
    pub body: Bytes,
}

/// A reply with a JSON body.
pub fn json(body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}

/// A reply without a body.
pub fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = status;
    reply
}

/// Serves with bare hyper on `workers` tokio workers until the process ends.
///
/// # Errors
/// When the runtime does not start or the listener breaks.
pub fn serve<H>(listener: TcpListener, workers: usize, handler: H) -> Result<Infallible>
where
    H: Fn(Call) -> Reply + Clone + Send + Sync + 'static,
{
    listener.set_nonblocking(true)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(workers.max(1)).enable_all().build()?;
    runtime.block_on(async move {
        // Accepting in a task keeps it on the workers; the thread that blocks here would wake for each connection.
        tokio::spawn(accept(tokio::net::TcpListener::from_std(listener)?, handler)).await?
    })
}

async fn accept<H>(listener: tokio::net::TcpListener, handler: H) -> Result<Infallible>
where
    H: Fn(Call) -> Reply + Clone + Send + Sync + 'static,
{
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let handler = handler.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request: hyper::Request<Incoming>| {
                let handler = handler.clone();
                async move {
                    let (parts, body) = request.into_parts();
                    let body = body.collect().await?.to_bytes();
                    Ok::<_, hyper::Error>(handler(Call {
                        method: parts.method,
                        path: parts.uri.path().to_owned(),
                        body,
                    }))
                }
            });
            // A connection that its client breaks ends here; the client counts it.
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await
                .ok();
        });
    }
}
