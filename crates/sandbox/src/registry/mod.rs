//! The OCI registry: distribution-spec 1.1 over HTTP, with ECR's login, ECR's tag immutability and honest digests.
//!
//! `route` reads the path, `login` lets in, then one file per thing answers: `blob_api`, `upload_api`, `manifest_api`,
//! `lists`. The rules about what may be pushed are in `index`, which does no I/O; ECR's own API uses the same rules.

mod blob_api;
mod blobs;
mod index;
mod lists;
mod login;
mod manifest;
mod manifest_api;
mod mutability;
mod range;
mod refusal;
mod route;
mod settings;
mod store;
mod strict;
mod upload_api;
mod uploads;

pub use index::Manifest;
pub(crate) use index::{Condition, Fault, Push, Record, Repetition};
pub use manifest::MANIFEST_LIMIT;
pub(crate) use manifest::OCI_INDEX;
pub use mutability::{Filter, FilterType, Mode, Mutability};
pub(crate) use route::{is_repository, is_tag};
pub use settings::{Access, Manifests, MissingRepository, Referrers, Settings};
pub use store::{Image, Layer, Store};

use crate::{Cloud, Form};
use axum::{
    Json, Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, Request, StatusCode},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use jiff::Timestamp;
use refusal::Refusal;
use route::Route;
use std::sync::Arc;

/// The registry's routes, each with its whole path (`/v2/`, `/v2/{*rest}`): they are merged into the server's router.
pub fn routes(cloud: Arc<Cloud>) -> Router {
    Router::new()
        .route("/v2", any(answer))
        .route("/v2/", any(answer))
        .route("/v2/{*rest}", any(answer))
        .route("/_sandbox/registry", get(settings).post(configure))
        .with_state(cloud)
}

/// One request past the door: what it is about and when it came.
struct Call<'a> {
    store: &'a Store,
    now: Timestamp,
    method: Method,
    headers: HeaderMap,
    query: Form,
}

async fn answer(State(cloud): State<Arc<Cloud>>, request: Request<Body>) -> Response {
    let mut response = serve(&cloud, request).await.unwrap_or_else(IntoResponse::into_response);
    response.headers_mut().insert("docker-distribution-api-version", HeaderValue::from_static("registry/2.0"));
    response
}

async fn serve(cloud: &Cloud, request: Request<Body>) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let now = Timestamp::now();
    if cloud.registry.settings().access == Access::Login {
        cloud.registry.tokens.check(&parts.headers, &cloud.place.host(), now)?;
    }
    let route = Route::parse(parts.uri.path())?;
    let query = Form::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let call = Call { store: &cloud.registry, now, method: parts.method, headers: parts.headers, query };
    if let Some(repository) = route.repository() {
        call.open_repository(repository)?;
    }
    match route {
        Route::Version => Ok(StatusCode::OK.into_response()),
        Route::Blob(repository, digest) => call.blob(&repository, digest).await,
        Route::Uploads(repository) => call.begin_upload(&repository, body).await,
        Route::Upload(repository, id) => call.upload(&repository, &id, body).await,
        Route::Manifest(repository, version) => call.manifest(&repository, version, body).await,
        Route::Referrers(repository, digest) => call.referrers(&repository, digest),
        Route::Tags(repository) => call.tags(&repository),
    }
}

impl Call<'_> {
    /// A push makes the repository where that is allowed; otherwise it has to be there.
    fn open_repository(&self, repository: &str) -> Result<(), Refusal> {
        let mut index = self.store.index();
        let pushes = self.method == Method::POST || self.method == Method::PUT;
        if pushes && self.store.settings().missing_repository == MissingRepository::Create {
            // One that is there already is what a push wants.
            let _ = index.create(repository, Mutability::default(), self.now);
        }
        index.get(repository)?;
        Ok(())
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn wrong_method(&self) -> Refusal {
        Refusal::method_not_allowed(format!("{} is not one of this endpoint's methods", self.method))
    }
}

async fn settings(State(cloud): State<Arc<Cloud>>) -> Json<Settings> {
    Json(cloud.registry.settings())
}

async fn configure(State(cloud): State<Arc<Cloud>>, Json(settings): Json<Settings>) -> Json<Settings> {
    cloud.registry.configure(settings.clone());
    Json(settings)
}
