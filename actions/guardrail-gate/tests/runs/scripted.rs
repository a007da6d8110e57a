//! A server on the loopback interface that answers by a script: for what no real server can be asked to do.

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, Uri},
    response::{IntoResponse, Response},
};
use std::{
    future::Future,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// How many came before.
    pub(crate) number: usize,
}

pub(crate) struct Scripted {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    /// Ends the server when dropped.
    _runtime: tokio::runtime::Runtime,
}

impl Scripted {
    pub(crate) fn start(answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        let runtime = runtime();
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let seen = Arc::clone(&requests);
        let answer = Arc::new(answer);
        let handler = move |uri: Uri, headers: HeaderMap, body: Bytes| {
            let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
            async move {
                let request = {
                    let mut seen = seen.lock().unwrap();
                    let body = String::from_utf8_lossy(&body).into_owned();
                    let request = Request { path: uri.path().to_owned(), headers, body, number: seen.len() };
                    seen.push(request.clone());
                    request
                };
                answer(&request)
            }
        };
        let address = serve(&runtime, Router::new().fallback(handler));
        Self { address, requests, _runtime: runtime }
    }

    /// A Prometheus on which every expression has this value at every second of the two asked for.
    pub(crate) fn prometheus(value: &'static str, warnings: &'static str) -> Self {
        Self::start(move |request| {
            let start = request.body.split('&').find_map(|pair| pair.strip_prefix("start=")).unwrap();
            let start: f64 = start.parse().unwrap();
            let value = if request.body.contains("timestamp") { start.to_string() } else { value.to_owned() };
            let values = format!("[[{start},\"{value}\"],[{},\"{value}\"]]", start + 1.0);
            let series = format!(r#"{{"metric":{{}},"values":{values}}}"#);
            let data = format!(r#"{{"resultType":"matrix","result":[{series}]}}"#);
            format!(r#"{{"status":"success","warnings":{warnings},"data":{data}}}"#).into_response()
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// Serves on a free port for as long as the runtime lives.
pub(crate) fn serve(runtime: &tokio::runtime::Runtime, router: Router) -> SocketAddr {
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { axum::serve(listener, router).await });
    address
}

/// Waits for a future on a runtime of its own.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(future)
}
