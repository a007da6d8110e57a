//! The routes.

use crate::{facts::Facts, faults::Cycle, metrics::Metrics, recommend, rules::Rules};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Map, Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// What every request sees.
pub struct Service {
    rules: Rules,
    facts: Facts,
    metrics: Metrics,
    errors: Cycle,
}

impl Service {
    /// A service that has counted nothing yet.
    pub fn new(rules: Rules, facts: Facts) -> Self {
        Self { rules, facts, metrics: Metrics::default(), errors: Cycle::default() }
    }

    /// Which code, which logic, which configuration: the part of the provenance that is the same in every answer.
    fn provenance(&self) -> Map<String, Value> {
        let mut fields = self.facts.provenance.clone();
        fields.insert("logic_version".to_owned(), self.rules.logic_version.clone().into());
        fields
    }
}

/// The whole API.
pub fn routes(service: Arc<Service>) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/version", get(version))
        .route("/v1/recommendations/{boundary_id}", get(recommendation))
        .route("/openapi.json", get(openapi))
        .route("/metrics", get(metrics))
        .with_state(service)
}

async fn healthz(State(service): State<Arc<Service>>) -> Response {
    answer(&service, ("healthz", Instant::now()), StatusCode::OK, json!({"status": "alive"}))
}

async fn readyz(State(service): State<Arc<Service>>) -> Response {
    let started = ("readyz", Instant::now());
    let unready = match service.facts.contradiction(&service.rules.logic_version) {
        None if service.rules.faults.crash.is_some() => Some("the rules are being loaded".to_owned()),
        reason => reason,
    };
    match unready {
        None => answer(&service, started, StatusCode::OK, json!({"status": "ready"})),
        Some(reason) => {
            answer(&service, started, StatusCode::SERVICE_UNAVAILABLE, json!({"status": "not ready", "reason": reason}))
        }
    }
}

async fn version(State(service): State<Arc<Service>>) -> Response {
    let body = Value::Object(service.provenance());
    answer(&service, ("version", Instant::now()), StatusCode::OK, body)
}

async fn recommendation(State(service): State<Arc<Service>>, Path(boundary_id): Path<String>) -> Response {
    let started = ("recommendations", Instant::now());
    if service.rules.faults.latency_ms > 0 {
        tokio::time::sleep(Duration::from_millis(service.rules.faults.latency_ms)).await;
    }
    if service.errors.fails(&service.rules.faults, &boundary_id) {
        let body = json!({"error": "internal", "detail": "forage index out of range"});
        return answer(&service, started, StatusCode::INTERNAL_SERVER_ERROR, body);
    }
    let Some(given) = recommend::recommend(&service.rules, &service.facts, &boundary_id) else {
        let body = json!({"error": "unknown_boundary", "boundary_id": boundary_id});
        return answer(&service, started, StatusCode::NOT_FOUND, body);
    };
    service.metrics.recommendation(&given, service.rules.thresholds.max_days_remaining);
    let mut body = json!({
        "boundary_id": boundary_id,
        "days_remaining": given.days_remaining,
        "recommended_action": given.recommended_action,
        "confidence": given.confidence,
        "usable_forage_kg": given.usable_forage_kg,
        "daily_demand_kg": given.daily_demand_kg,
        "head": given.head,
        "generated_at_utc": format!("{:.3}", jiff::Timestamp::now()),
    });
    if let Value::Object(fields) = &mut body {
        fields.extend(service.provenance());
    }
    answer(&service, started, StatusCode::OK, body)
}

async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], include_str!("../openapi.json")).into_response()
}

async fn metrics(State(service): State<Arc<Service>>) -> Response {
    let text = service.metrics.render(&service.rules.logic_version);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

/// Counts the request and answers it.
fn answer(service: &Service, (handler, since): (&'static str, Instant), code: StatusCode, body: Value) -> Response {
    service.metrics.request(handler, code.as_u16(), since.elapsed());
    (code, Json(body)).into_response()
}
