//! A server that answers as a test tells it to, and remembers what it was asked.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, Response},
};
use std::sync::{Arc, Mutex};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// `GET /v2/app/manifests/v1?x=y`.
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Status, headers, body; with status 0 the connection breaks after the body, which promised more.
pub(crate) type Answer = (u16, Vec<(&'static str, String)>, Vec<u8>);

type Script = Arc<dyn Fn(&Asked) -> Answer + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Scripted {
    pub(crate) host: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Scripted {
    /// Starts a server; the script gets each request and the server's own host.
    pub(crate) async fn start(script: impl Fn(&Asked, &str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let own = host.clone();
        let script: Script = Arc::new(move |asked| script(asked, &own));
        let app = Router::new().fallback(answer).with_state((script, asked.clone()));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { host, asked }
    }

    /// The lines of the requests so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|asked| asked.line.clone()).collect()
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(State((script, asked)): State<(Script, Arc<Mutex<Vec<Asked>>>)>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 << 20).await.unwrap();
    let request = Asked { line: format!("{} {}", parts.method, parts.uri), headers: parts.headers, body };
    let (status, headers, body) = script(&request);
    asked.lock().unwrap().push(request);
    if status == 0 {
        let broken = Err(std::io::Error::other("the connection breaks"));
        let pieces = futures_util::stream::iter([Ok(Bytes::from(body)), broken]);
        return Response::builder().body(Body::from_stream(pieces)).unwrap();
    }
    let response = headers
        .into_iter()
        .fold(Response::builder().status(status), |response, (name, value)| response.header(name, value));
    response.body(Body::from(body)).unwrap()
}
