//! The registry's "no": a status and one error code of distribution-spec 1.1, "Error Codes".

use super::Fault;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// An error answer in the form every registry client understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    code: &'static str,
    message: String,
    header: Option<(header::HeaderName, String)>,
}

/// Makes a constructor for one code of the specification: its name, its usual status and its wire spelling.
macro_rules! codes {
    ($($name:ident = $status:ident $code:literal;)*) => {
        impl Refusal {
            $(pub(crate) fn $name(message: impl Into<String>) -> Self {
                Self { status: StatusCode::$status, code: $code, message: message.into(), header: None }
            })*
        }
    };
}

codes! {
    blob_unknown = NOT_FOUND "BLOB_UNKNOWN";
    blob_upload_invalid = BAD_REQUEST "BLOB_UPLOAD_INVALID";
    blob_upload_unknown = NOT_FOUND "BLOB_UPLOAD_UNKNOWN";
    denied = FORBIDDEN "DENIED";
    digest_invalid = BAD_REQUEST "DIGEST_INVALID";
    manifest_blob_unknown = BAD_REQUEST "MANIFEST_BLOB_UNKNOWN";
    manifest_invalid = BAD_REQUEST "MANIFEST_INVALID";
    manifest_unknown = NOT_FOUND "MANIFEST_UNKNOWN";
    name_invalid = BAD_REQUEST "NAME_INVALID";
    name_unknown = NOT_FOUND "NAME_UNKNOWN";
    pagination_invalid = BAD_REQUEST "PAGINATION_NUMBER_INVALID";
    precondition_failed = PRECONDITION_FAILED "DENIED";
    range_unsatisfiable = RANGE_NOT_SATISFIABLE "BLOB_UPLOAD_INVALID";
    size_invalid = BAD_REQUEST "SIZE_INVALID";
    tag_invalid = BAD_REQUEST "TAG_INVALID";
    too_large = PAYLOAD_TOO_LARGE "SIZE_INVALID";
    unauthorized = UNAUTHORIZED "UNAUTHORIZED";
    unknown = INTERNAL_SERVER_ERROR "UNKNOWN";
    unsupported = NOT_FOUND "UNSUPPORTED";
    method_not_allowed = METHOD_NOT_ALLOWED "UNSUPPORTED";
}

impl Refusal {
    /// The same refusal with a header that tells the client what to do about it.
    pub(crate) fn with(mut self, name: header::HeaderName, value: String) -> Self {
        self.header = Some((name, value));
        self
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        let message = fault.to_string();
        match fault {
            Fault::RepositoryUnknown(_) => Self::name_unknown(message),
            Fault::RepositoryExists(_) | Fault::RepositoryNotEmpty(_) | Fault::AlreadyThere(_) => Self::denied(message),
            Fault::ManifestTooLarge => Self::too_large(message),
            Fault::ManifestInvalid(_) => Self::manifest_invalid(message),
            Fault::SizeInvalid(_) => Self::size_invalid(message),
            Fault::BlobsUnknown(_) | Fault::ChildrenUnknown(_) => Self::manifest_blob_unknown(message),
            Fault::TagImmutable { .. } => Self::tag_invalid(message),
            Fault::ConditionFailed => Self::precondition_failed(message),
        }
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        Self::unknown(format!("the sandbox's blob folder: {error}"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({"errors": [{"code": self.code, "message": self.message, "detail": {}}]});
        let mut response = (self.status, Json(body)).into_response();
        if let Some((name, value)) = self.header
            && let Ok(value) = HeaderValue::from_str(&value)
        {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
