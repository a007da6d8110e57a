//! Writing a request.

use super::{Answered, Repeatable, Wire};
use crate::cases::Request;
use reqwest::{
    Method, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, USER_AGENT},
};
use transport::Dial;

/// Makes requests to one service: what all of them have in common.
pub(crate) struct Encoder {
    base: String,
    /// The base's own path, without a slash at its end.
    prefix: String,
    /// The headers of a request that has none of its own, as they are sent.
    common: Vec<u8>,
    /// Stands before the path, for a proxy that passes requests on.
    absolute: String,
    host: String,
    headers: HeaderMap,
    kept_back: &'static [HeaderName],
}

/// What proves to a service who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Credentials<'a> {
    /// The file's and the cases' own, and those of the run where it has some.
    Sent(Option<&'a HeaderValue>),
    /// None of them: the service asked is not the one they are for.
    KeptBack,
}

/// Headers with credentials (RFC 9110, section 11.6.2; RFC 6265, section 4.2).
const SECRET: &[HeaderName] = &[AUTHORIZATION, COOKIE];

impl Encoder {
    /// The file's headers go with every request, unless one has its own of the same name.
    pub(crate) fn new(
        url: &Url,
        dial: &Dial,
        (of_the_file, login): (&[(HeaderName, HeaderValue)], Credentials<'_>),
    ) -> Self {
        let kept_back = if matches!(login, Credentials::KeptBack) { SECRET } else { &[] };
        let mut headers: HeaderMap =
            of_the_file.iter().filter(|(name, _)| !kept_back.contains(name)).cloned().collect();
        if let Credentials::Sent(Some(login)) = login {
            headers.insert(AUTHORIZATION, login.clone());
        }
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        let agent = concat!("lockkeeper/", env!("CARGO_PKG_VERSION"));
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(agent));
        if let Some(login) = dial.proxy_authorization() {
            headers.insert("proxy-authorization", login.clone());
        }
        let base = url.as_str().trim_end_matches('/').to_owned();
        let prefix = url.path().trim_end_matches('/').to_owned();
        let common = headers.iter().flat_map(|(name, value)| line(name.as_str(), value.as_bytes())).collect();
        Self { base, prefix, common, absolute: dial.absolute().unwrap_or_default(), host, headers, kept_back }
    }

    /// The bytes of a request.
    ///
    /// # Errors
    /// When the path makes no address together with the service's.
    pub(crate) fn encode(&self, request: &Request) -> Result<Wire, String> {
        let target = match request.query.is_empty() && is_plain(&request.path) {
            true => format!("{}{}", self.prefix, request.path),
            false => self.target(request)?,
        };
        let first = format!("{} {}{target} HTTP/1.1\r\nhost: {}\r\n", request.method, self.absolute, self.host);
        let mut bytes = first.into_bytes();
        let own = |name: &str| request.headers.iter().any(|(other, _)| other == name);
        if request.headers.is_empty() {
            bytes.extend(&self.common);
        } else {
            let common = self.headers.iter().filter(|(name, _)| !own(name.as_str()));
            common.for_each(|(name, value)| bytes.extend(line(name.as_str(), value.as_bytes())));
        }
        for (name, value) in request.headers.iter().filter(|(name, _)| !self.kept_back.contains(name)) {
            bytes.extend(line(name.as_str(), value.as_bytes()));
        }
        let mut field = |name: &str, value: &[u8]| bytes.extend(line(name, value));
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

    /// Path and query of a request, escaped where they must be.
    fn target(&self, request: &Request) -> Result<String, String> {
        let address = format!("{}{}", self.base, request.path);
        let mut url: Url = address.parse().map_err(|error| format!("{address} is no address: {error}"))?;
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Ok(format!("{}{query}", url.path()))
    }
}

/// A header as it is sent.
fn line(name: &str, value: &[u8]) -> Vec<u8> {
    [name.as_bytes(), b": ", value, b"\r\n"].concat()
}

/// Whether a path is sent as it is written: nothing in it is escaped, resolved or cut off.
fn is_plain(path: &str) -> bool {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_~,;=&?@+:!$()*".contains(&byte) || byte == b'.';
    path.bytes().all(kept) && !path.contains("/.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoder() -> Encoder {
        with((&[], Credentials::Sent(None)))
    }

    fn with(headers: (&[(HeaderName, HeaderValue)], Credentials<'_>)) -> Encoder {
        let url: Url = "http://example.org:8080/api/".parse().unwrap();
        Encoder::new(&url, &Dial::to(&url).unwrap(), headers)
    }

    #[test]
    fn credentials_of_the_run_the_file_and_a_case_go_to_the_service_alone() {
        let header = |name: HeaderName, value: &str| (name, HeaderValue::from_str(value).unwrap());
        let of_the_file = [header(COOKIE, "of=file"), header(ACCEPT, "text/html")];
        let request = Request { headers: vec![header(AUTHORIZATION, "of-case")], ..Request::get("/") };
        let login = HeaderValue::from_static("of-run");
        let text = |credentials, request: &Request| {
            String::from_utf8(with((&of_the_file, credentials)).encode(request).unwrap().bytes).unwrap()
        };
        let (sent, plain) = (Credentials::Sent(Some(&login)), Request::get("/"));
        assert!(text(sent, &plain).contains("authorization: of-run") && text(sent, &plain).contains("cookie: of=file"));
        assert!(text(sent, &request).contains("authorization: of-case") && !text(sent, &request).contains("of-run"));
        for request in [&plain, &request] {
            let kept = text(Credentials::KeptBack, request);
            assert!(!kept.contains("of-") && !kept.contains("of=") && kept.contains("text/html"), "{kept}");
        }
    }

    #[test]
    fn a_request_is_what_the_standard_says() {
        let text = |request: &Request| String::from_utf8(encoder().encode(request).unwrap().bytes).unwrap();
        let plain = text(&Request::get("/a?x=1"));
        assert!(plain.starts_with("GET /api/a?x=1 HTTP/1.1\r\nhost: example.org:8080\r\n"), "{plain}");
        assert!(plain.contains("\r\naccept: */*\r\n") && plain.ends_with("\r\n\r\n") && !plain.contains("content-"));
        let own =
            Request { headers: vec![("accept".parse().unwrap(), "text/html".parse().unwrap())], ..Request::get("/ü") };
        let own = text(&own);
        assert!(
            own.starts_with("GET /api/%C3%BC ") && own.contains("accept: text/html") && !own.contains("*/*"),
            "{own}"
        );
        let post = Request { method: Method::POST, ..Request::get("/") };
        assert!(text(&post).contains("content-length: 0\r\n"));
        assert_eq!(encoder().encode(&post).unwrap().repeatable, Repeatable::No);
    }

    proptest! {
        #[test]
        fn a_plain_path_is_sent_as_any_other_would_be(path in "/[a-z0-9/.?&=:@!$()*,;+_~-]{0,20}") {
            if is_plain(&path) {
                let request = Request::get(&path);
                prop_assert_eq!(encoder().target(&request).unwrap(), format!("/api{}", path));
            }
        }
    }
}
