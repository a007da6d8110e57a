//! An error as AWS services answer it, rendered for the protocol the question came in.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// A refusal in AWS's own shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsError {
    /// The error's code, such as `ClusterNotFoundException`.
    pub code: String,
    /// What to tell the caller.
    pub message: String,
    /// The HTTP status: 400 for the caller's faults.
    pub status: u16,
}

/// Which JSON protocol a service speaks; the error's content type follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonVersion {
    /// `application/x-amz-json-1.0`.
    V10,
    /// `application/x-amz-json-1.1`.
    V11,
}

/// How a question was asked, and so how its answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// AWS JSON.
    Json(JsonVersion),
    /// Query: form in, XML out.
    Query,
}

impl AwsError {
    /// The caller's fault: HTTP 400.
    pub fn client(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), status: 400 }
    }

    /// An operation this sandbox does not have: HTTP 501, naming it.
    #[must_use]
    pub fn not_here(operation: &str) -> Self {
        Self {
            code: "NotImplemented".to_owned(),
            message: format!("the sandbox does not implement {operation}"),
            status: 501,
        }
    }

    /// The sandbox itself failed: HTTP 500.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self { code: "ServerException".to_owned(), message: cause.to_string(), status: 500 }
    }

    /// The answer on the wire, with the request id every AWS answer has.
    pub(crate) fn response(&self, protocol: Protocol, request_id: &str) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = match protocol {
            Protocol::Json(_) => serde_json::json!({"__type": self.code, "message": self.message}).to_string(),
            Protocol::Query => self.xml(request_id),
        };
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(protocol.content_type()));
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert("x-amzn-requestid", id);
        }
        response
    }

    fn xml(&self, request_id: &str) -> String {
        let side = if self.status >= 500 { "Receiver" } else { "Sender" };
        let message = quick_xml::escape::escape(self.message.as_str());
        format!(
            "<ErrorResponse><Error><Type>{side}</Type><Code>{}</Code><Message>{message}</Message></Error>\
             <RequestId>{request_id}</RequestId></ErrorResponse>",
            self.code
        )
    }
}

impl Protocol {
    /// The content type of answers.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Json(JsonVersion::V10) => "application/x-amz-json-1.0",
            Self::Json(JsonVersion::V11) => "application/x-amz-json-1.1",
            Self::Query => "text/xml",
        }
    }
}
