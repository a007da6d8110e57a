//! What stands at a load balancer's port: carries requests to targets, counts what happens.

use super::{
    routing::{Busy, Goal, Route},
    rules::{Asked, Fixed},
};
use crate::Cloud;
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::TryStreamExt;
use jiff::Timestamp;
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

/// Headers that are about one connection and not about the message (RFC 9110, 7.6.1).
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

#[derive(Debug, Clone)]
struct Door {
    cloud: Arc<Cloud>,
    port: u16,
    /// Walks through the weights; a golden-ratio step spreads neighbours evenly.
    dice: Arc<AtomicU32>,
}

/// Opens a door on 127.0.0.1 and gives its port; `wanted` when that is free and does not need privileges.
pub(super) async fn open(cloud: &Arc<Cloud>, wanted: u16) -> std::io::Result<u16> {
    let listener = match wanted {
        0..1024 => None,
        port => tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.ok(),
    };
    let listener = match listener {
        Some(listener) => listener,
        None => tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?,
    };
    let port = listener.local_addr()?.port();
    let door = Door { cloud: Arc::clone(cloud), port, dice: Arc::default() };
    let service = Router::new().fallback(carry).with_state(door).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    Ok(port)
}

async fn carry(
    State(door): State<Door>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    let dice = door.dice.fetch_add(0x9E37_79B9, Ordering::Relaxed) >> 16;
    let asked = Asked {
        method: request.method().as_str(),
        path: request.uri().path(),
        query: request.uri().query().unwrap_or_default(),
        headers: request.headers(),
    };
    let route = door.cloud.elb.rooms().route(door.port, asked, dice);
    let Some(Route { goal, balancer, group }) = route else { return refuse(StatusCode::SERVICE_UNAVAILABLE) };
    let mut account = Account { cloud: &door.cloud, balancer, group: None };
    let (target, busy) = match goal {
        Goal::Target(target, busy) => (target, busy),
        Goal::Fixed(fixed) => {
            account.count("RequestCount", 1.0);
            account.count("HTTP_Fixed_Response_Count", 1.0);
            return answer_fixed(&fixed);
        }
        Goal::Nobody => {
            account.refused(StatusCode::SERVICE_UNAVAILABLE);
            return refuse(StatusCode::SERVICE_UNAVAILABLE);
        }
    };
    account.group = group;
    let asked = Instant::now();
    match forward(&door, target, client, request).await {
        Ok(answer) => {
            account.answered(answer.status(), asked.elapsed().as_secs_f64());
            hand_back(answer, busy)
        }
        Err(error) => {
            let status = if error.is_timeout() { StatusCode::GATEWAY_TIMEOUT } else { StatusCode::BAD_GATEWAY };
            account.count("TargetConnectionErrorCount", if error.is_connect() { 1.0 } else { 0.0 });
            account.refused(status);
            refuse(status)
        }
    }
}

async fn forward(
    door: &Door,
    target: SocketAddr,
    client: SocketAddr,
    request: Request<Body>,
) -> Result<reqwest::Response, reqwest::Error> {
    let (mut parts, body) = request.into_parts();
    let has_body =
        parts.headers.contains_key(header::CONTENT_LENGTH) || parts.headers.contains_key(header::TRANSFER_ENCODING);
    strip(&mut parts.headers);
    let own = [
        ("x-forwarded-for", client.ip().to_string()),
        ("x-forwarded-proto", "http".to_owned()),
        ("x-forwarded-port", door.port.to_string()),
    ];
    for (name, value) in own {
        if let Ok(value) = HeaderValue::from_str(&value) {
            parts.headers.append(HeaderName::from_static(name), value);
        }
    }
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut onward =
        door.cloud.elb.client.request(parts.method, format!("http://{target}{path}")).headers(parts.headers);
    if has_body {
        onward = onward.body(reqwest::Body::wrap_stream(body.into_data_stream()));
    }
    onward.send().await
}

/// The target's answer; it stays busy until the last byte has gone out.
fn hand_back(answer: reqwest::Response, busy: Busy) -> Response {
    let status = answer.status();
    let mut headers = answer.headers().clone();
    strip(&mut headers);
    let stream = answer.bytes_stream().inspect_ok(move |_| {
        let _until_the_stream_ends = &busy;
    });
    (status, headers, Body::from_stream(stream)).into_response()
}

fn strip(headers: &mut HeaderMap) {
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

/// What a rule says to answer.
fn answer_fixed(fixed: &Fixed) -> Response {
    let status = StatusCode::from_u16(fixed.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, fixed.body.clone()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::SERVER, HeaderValue::from_static("awselb/2.0"));
    if let Ok(kind) = HeaderValue::from_str(&fixed.content_type) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    response
}

/// The load balancer's own answer, as an Application Load Balancer words it.
fn refuse(status: StatusCode) -> Response {
    let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let page = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    );
    let headers = [(header::SERVER, "awselb/2.0"), (header::CONTENT_TYPE, "text/html")];
    (status, headers, page).into_response()
}

/// Where a request is booked.
struct Account<'a> {
    cloud: &'a Cloud,
    balancer: String,
    group: Option<String>,
}

impl Account<'_> {
    /// The target answered, after `seconds`.
    fn answered(&self, status: StatusCode, seconds: f64) {
        self.count("RequestCount", 1.0);
        let name = match status.as_u16() {
            200..300 => "HTTPCode_Target_2XX_Count",
            300..400 => "HTTPCode_Target_3XX_Count",
            400..500 => "HTTPCode_Target_4XX_Count",
            _ => "HTTPCode_Target_5XX_Count",
        };
        self.count(name, 1.0);
        self.count("TargetResponseTime", seconds);
    }

    /// The load balancer itself answered.
    fn refused(&mut self, status: StatusCode) {
        self.count("RequestCount", 1.0);
        // The load balancer's own codes belong to it alone.
        self.group = None;
        self.count("HTTPCode_ELB_5XX_Count", 1.0);
        self.count(&format!("HTTPCode_ELB_{}_Count", status.as_u16()), 1.0);
    }

    /// Books under the load balancer, and under load balancer and target group. A zero count is not booked: AWS reports
    /// these metrics only when they are not zero.
    fn count(&self, metric: &str, value: f64) {
        if value == 0.0 && metric != "TargetResponseTime" {
            return;
        }
        let now = Timestamp::now();
        let balancer = ("LoadBalancer".to_owned(), self.balancer.clone());
        self.cloud.metrics.record("AWS/ApplicationELB", metric, vec![balancer.clone()], (now, value));
        if let Some(group) = &self.group {
            let dimensions = vec![balancer, ("TargetGroup".to_owned(), group.clone())];
            self.cloud.metrics.record("AWS/ApplicationELB", metric, dimensions, (now, value));
        }
    }
}
