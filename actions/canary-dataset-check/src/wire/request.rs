//! Writing a request.

use super::{Answered, Repeatable, Wire};
use crate::cases::Request;
use reqwest::{
    Method, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT},
};
use transport::Dial;

/// Makes requests to one service: what all of them have in common.
pub(crate) struct Encoder {
    base: String,
    /// Stands before the path, for a proxy that passes requests on.
    absolute: String,
    host: String,
    headers: HeaderMap,
}

impl Encoder {
    /// `headers` go with every request, unless one has its own of the same name.
    pub(crate) fn new(url: &Url, dial: &Dial, mut headers: HeaderMap) -> Self {
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        let agent = concat!("lockkeeper/", env!("CARGO_PKG_VERSION"));
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(agent));
        if let Some(login) = dial.proxy_authorization() {
            headers.insert("proxy-authorization", login.clone());
        }
        let base = url.as_str().trim_end_matches('/').to_owned();
        Self { base, absolute: dial.absolute().unwrap_or_default(), host, headers }
    }

    /// The bytes of a request.
    ///
    /// # Errors
    /// When the path makes no address together with the service's.
    pub(crate) fn encode(&self, request: &Request) -> Result<Wire, String> {
        let address = format!("{}{}", self.base, request.path);
        let mut url: Url = address.parse().map_err(|error| format!("{address} is no address: {error}"))?;
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let line =
            format!("{} {}{}{query} HTTP/1.1\r\nhost: {}\r\n", request.method, self.absolute, url.path(), self.host);
        let mut bytes = line.into_bytes();
        let mut field = |name: &str, value: &[u8]| bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        let own = |name: &str| request.headers.iter().any(|(other, _)| other == name);
        for (name, value) in self.headers.iter().filter(|(name, _)| !own(name.as_str())) {
            field(name.as_str(), value.as_bytes());
        }
        for (name, value) in &request.headers {
            field(name.as_str(), value.as_bytes());
        }
        let body = request.body.as_ref().map(ToString::to_string);
        match &body {
            Some(body) => {
                let known = own(CONTENT_TYPE.as_str()) || self.headers.contains_key(CONTENT_TYPE);
                if !known {
                    field("content-type", b"application/json");
                }
                field("content-length", body.len().to_string().as_bytes());
            }
            // Methods that mean a body say that there is none (RFC 9110, section 8.6).
            None if matches!(request.method, Method::POST | Method::PUT | Method::PATCH) => {
                field("content-length", b"0")
            }
            None => {}
        }
        bytes.extend(b"\r\n");
        bytes.extend(body.unwrap_or_default().into_bytes());
        let answered = if request.method == Method::HEAD { Answered::HeadOnly } else { Answered::AsSaid };
        let repeatable =
            if matches!(request.method, Method::POST | Method::PATCH) { Repeatable::No } else { Repeatable::Yes };
        Ok(Wire { bytes, answered, repeatable })
    }
}

/// The headers of every request: the file's, and the credentials where the run has some.
pub(crate) fn headers(
    of_the_file: &[(reqwest::header::HeaderName, HeaderValue)],
    authorization: Option<&HeaderValue>,
) -> HeaderMap {
    let mut headers: HeaderMap = of_the_file.iter().cloned().collect();
    if let Some(value) = authorization {
        headers.insert(AUTHORIZATION, value.clone());
    }
    headers
}
