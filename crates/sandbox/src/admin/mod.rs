//! `/_sandbox/`: what a person or a test does to this cloud that nobody can do to AWS.
//!
//! - `POST /_sandbox/services` builds a whole environment in one call and waits for nothing.
//! - `GET /_sandbox/services/{cluster}/{service}` tells what really runs: processes, addresses, digests.
//! - `POST /_sandbox/clock` skips time for deployments: `{"skip_seconds": 3600}` ends an hour of baking at once.
//! - `PUT /_sandbox/functions` writes down what Lambda functions say to lifecycle hooks.
//! - `PUT /_sandbox/policies` gives roles policies that each of their calls is checked against.
//! - `POST /_sandbox/faults` makes things go wrong; `GET` tells how often each operation is still to be struck.

mod balancer;
mod environment;
mod faults;

pub(crate) use faults::{Faults, StartFault, Strike};

use crate::{AwsError, Cloud, ecs, functions::HookWord};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

/// The administration's routes.
pub(crate) fn routes(cloud: Arc<Cloud>) -> Router {
    Router::new()
        .route("/_sandbox/services", post(build))
        .route("/_sandbox/services/{cluster}/{service}", get(truth))
        .route("/_sandbox/clock", post(clock))
        .route("/_sandbox/functions", put(functions))
        .route("/_sandbox/policies", put(policies))
        .route("/_sandbox/faults", get(waiting).post(faults))
        .with_state(cloud)
}

async fn build(State(cloud): State<Arc<Cloud>>, Json(wanted): Json<environment::Wanted>) -> Response {
    answer(environment::build(&cloud, &wanted).await)
}

async fn truth(State(cloud): State<Arc<Cloud>>, Path((cluster, service)): Path<(String, String)>) -> Response {
    let missing = || AwsError { status: 404, ..AwsError::client("ServiceNotFoundException", "Service not found.") };
    answer(ecs::truth(&cloud, &cluster, &service).ok_or_else(missing))
}

/// How much time to skip.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Skip {
    skip_seconds: u32,
}

async fn clock(State(cloud): State<Arc<Cloud>>, Json(skip): Json<Skip>) -> Response {
    cloud.clock.skip(skip.skip_seconds);
    answer(Ok(json!({"now": cloud.clock.now().to_string()})))
}

async fn functions(
    State(cloud): State<Arc<Cloud>>,
    Json(words): Json<BTreeMap<String, VecDeque<HookWord>>>,
) -> Response {
    cloud.functions.set(words);
    answer(Ok(json!({})))
}

async fn policies(State(cloud): State<Arc<Cloud>>, Json(documents): Json<BTreeMap<String, Value>>) -> Response {
    let set = cloud.permissions.set(&documents);
    answer(set.map(|()| json!({})).map_err(|error| AwsError::client("MalformedPolicyDocument", error)))
}

async fn waiting(State(cloud): State<Arc<Cloud>>) -> Json<BTreeMap<String, u32>> {
    Json(cloud.faults.waiting())
}

async fn faults(State(cloud): State<Arc<Cloud>>, Json(fault): Json<faults::Fault>) -> Response {
    answer(faults::cause(&cloud, fault).map(|()| json!({})))
}

fn answer(result: Result<Value, AwsError>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(error) => {
            let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, Json(json!({"error": error.code, "message": error.message}))).into_response()
        }
    }
}
