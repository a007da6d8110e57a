//! The one port: finds out which service a request is for and hands it over.

use crate::{
    AwsError, Cloud, Form,
    admin::{self, Strike},
    codedeploy, ecr, ecs, elb,
    identity::{self, Caller, Stranger},
    logs, metrics,
    permissions::{Call, Permissions},
    registry,
    wire::{JsonVersion, Protocol},
};
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Request, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::Value;
use std::{
    io::{self, Read},
    sync::Arc,
};

/// The largest body of an AWS call: ECS and CloudWatch accept 1 MB, ECR layer parts 20 MB before base64.
const BODY_LIMIT: usize = 32 << 20;

/// Everything this sandbox answers.
pub(crate) fn router(cloud: Arc<Cloud>) -> Router {
    Router::new()
        .fallback(aws)
        .with_state(Arc::clone(&cloud))
        .merge(admin::routes(Arc::clone(&cloud)))
        .merge(registry::routes(Arc::clone(&cloud)))
        .merge(identity::routes(cloud))
}

async fn aws(State(cloud): State<Arc<Cloud>>, request: Request<Body>) -> Response {
    let request_id = uuid::Uuid::new_v4().to_string();
    let (parts, body) = request.into_parts();
    let limited = http_body_util::Limited::new(body, BODY_LIMIT);
    let Ok(body) = limited.collect().await.map(http_body_util::Collected::to_bytes) else {
        let error = AwsError { status: 413, ..AwsError::client("RequestEntityTooLarge", "the request is too large") };
        return error.response(Protocol::Query, &request_id);
    };
    let Ok(body) = plain(&parts.headers, body) else {
        let error = AwsError::client("SerializationException", "the body cannot be unpacked");
        return error.response(Protocol::Query, &request_id);
    };
    let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let form = match target {
        Some(_) => Form::default(),
        None if body.is_empty() => Form::parse(parts.uri.query().unwrap_or_default().as_bytes()),
        None => Form::parse(&body),
    };
    let operation = target.map_or(form.action(), |target| target.rsplit('.').next().unwrap_or(target));
    let strike = cloud.faults.strike(operation);
    if strike == Some(Strike::Cut) {
        return cut();
    }
    let protocol = target.map_or(Protocol::Query, |_| Protocol::Json(json_version(&parts.headers)));
    let answer = match (&strike, target) {
        (Some(Strike::Refuse(error)), _) => Err(error.clone()),
        (_, Some(target)) => json(&cloud, target, &body, &parts.headers).await.map(|value| value.to_string()),
        (_, None) => query(&cloud, &form, &parts).await,
    };
    match answer {
        _ if strike == Some(Strike::LoseAnswer) => cut(),
        Ok(body) => success(protocol, body, &request_id),
        Err(error) => error.response(protocol, &request_id),
    }
}

/// A connection that ends in the middle of an answer.
fn cut() -> Response {
    let broken = futures_util::stream::once(async { Err::<Bytes, _>(io::Error::other("cut on request")) });
    let mut response = Body::from_stream(broken).into_response();
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("1000"));
    response
}

/// The body unpacked: SDKs compress the larger calls of `PutMetricData`.
fn plain(headers: &HeaderMap, body: Bytes) -> io::Result<Bytes> {
    if headers.get(header::CONTENT_ENCODING).is_none_or(|encoding| encoding != "gzip") {
        return Ok(body);
    }
    let mut plain = Vec::new();
    let limit = BODY_LIMIT as u64;
    let read = flate2::read::GzDecoder::new(&body[..]).take(limit + 1).read_to_end(&mut plain)?;
    if read as u64 > limit { Err(io::Error::other("the body unpacks to too much")) } else { Ok(plain.into()) }
}

async fn json(cloud: &Arc<Cloud>, target: &str, body: &[u8], headers: &HeaderMap) -> Result<Value, AwsError> {
    let protocol = Protocol::Json(json_version(headers));
    let caller = caller(cloud, headers, protocol)?;
    let (prefix, operation) = target.split_once('.').unwrap_or(("", target));
    let body = if body.is_empty() { b"{}" } else { body };
    let input: Value = serde_json::from_slice(body)
        .map_err(|error| AwsError::client("SerializationException", format!("not JSON: {error}")))?;
    let service = match prefix {
        "AmazonEC2ContainerServiceV20141113" => "ecs",
        "GraniteServiceVersion20100801" => "cloudwatch",
        "Logs_20140328" => "logs",
        "CodeDeploy_20141006" => "codedeploy",
        "AmazonEC2ContainerRegistry_V20150921" => "ecr",
        _ => return Err(AwsError::not_here(target)),
    };
    if let Some(caller) = caller {
        let call = Call { service, operation, input: &input, form: &Form::default(), protocol };
        Permissions::check(cloud, &caller, &call)?;
    }
    match service {
        "ecs" => ecs::call(cloud, operation, &input),
        "cloudwatch" => metrics::call(cloud, operation, &input),
        "logs" => logs::call(cloud, operation, &input),
        "codedeploy" => codedeploy::call(cloud, operation, &input),
        _ => ecr::call(cloud, operation, input).await,
    }
}

/// Who calls; refuses who signed with a key this cloud does not know or no longer honours. An unsigned call is a person
/// with curl.
fn caller(cloud: &Cloud, headers: &HeaderMap, protocol: Protocol) -> Result<Option<Caller>, AwsError> {
    match cloud.identity.caller(headers, jiff::Timestamp::now()) {
        Ok(caller) => Ok(Some(caller)),
        Err(Stranger::Unsigned) => Ok(None),
        Err(stranger) => Err(stranger.error(protocol)),
    }
}

async fn query(cloud: &Arc<Cloud>, form: &Form, parts: &Parts) -> Result<String, AwsError> {
    if form.action().is_empty() {
        return Err(AwsError { status: 404, ..AwsError::client("NotFound", parts.uri.path()) });
    }
    if form.get("Version") == Some("2011-06-15") {
        return identity::sts(cloud, form, &parts.headers).await;
    }
    let caller = caller(cloud, &parts.headers, Protocol::Query)?;
    if form.get("Version") != Some("2015-12-01") {
        return Err(AwsError::not_here(form.action()));
    }
    if let Some(caller) = caller {
        let (service, operation) = ("elasticloadbalancing", form.action());
        let call = Call { service, operation, input: &Value::Null, form, protocol: Protocol::Query };
        Permissions::check(cloud, &caller, &call)?;
    }
    elb::call(cloud, form).await
}

fn json_version(headers: &HeaderMap) -> JsonVersion {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content_type.contains("json-1.0") { JsonVersion::V10 } else { JsonVersion::V11 }
}

fn success(protocol: Protocol, body: String, request_id: &str) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(protocol.content_type()));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}
