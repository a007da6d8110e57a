//! GitHub's OIDC provider: discovery, keys, and the endpoint where a job asks for its token.

use super::{claims::claims, jwt::Claims};
use crate::{Cloud, Form};
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn routes() -> Router<Arc<Cloud>> {
    Router::new()
        .route("/.well-known/openid-configuration", get(configuration))
        .route("/.well-known/jwks", get(keys))
        .route("/oidc/token", get(token))
        .route("/_sandbox/oidc", get(settings).post(configure))
}

/// OpenID Connect Discovery 1.0, §3, with the members GitHub has.
async fn configuration(State(cloud): State<Arc<Cloud>>) -> Json<Value> {
    let issuer = cloud.place.endpoint();
    let all = claims(&issuer, None, &Claims::new(), Timestamp::UNIX_EPOCH);
    let supported: Vec<&String> = all.keys().collect();
    Json(json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks"),
        "subject_types_supported": ["public", "pairwise"],
        "response_types_supported": ["id_token"],
        "claims_supported": supported,
        "id_token_signing_alg_values_supported": ["ES256"],
        "scopes_supported": ["openid"],
    }))
}

async fn keys(State(cloud): State<Arc<Cloud>>) -> Json<Value> {
    Json(cloud.identity.issuer.key_set())
}

/// `GET /oidc/token?…&audience=<audience>` with the job's own bearer token.
async fn token(State(cloud): State<Arc<Cloud>>, headers: HeaderMap, uri: Uri) -> Response {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let expected = format!("bearer {}", cloud.identity.request_token());
    if !given.is_some_and(|given| given.eq_ignore_ascii_case(&expected)) {
        let message = json!({"message": "the bearer token is not ACTIONS_ID_TOKEN_REQUEST_TOKEN of this sandbox"});
        return (StatusCode::UNAUTHORIZED, Json(message)).into_response();
    }
    let query = Form::parse(uri.query().unwrap_or_default().as_bytes());
    let settings = cloud.identity.claims();
    let claims = claims(&cloud.place.endpoint(), query.get("audience"), &settings, Timestamp::now());
    Json(json!({"count": 1, "value": cloud.identity.issuer.seal(&claims)})).into_response()
}

async fn settings(State(cloud): State<Arc<Cloud>>) -> Json<Claims> {
    Json(cloud.identity.claims())
}

/// Replaces the claims that differ from the made-up job's.
async fn configure(State(cloud): State<Arc<Cloud>>, Json(claims): Json<Claims>) -> Json<Claims> {
    cloud.identity.set_claims(claims.clone());
    Json(claims)
}
