//! Plain connections to a web service: TCP, TLS where the address says so, through the environment's proxy where it has
//! one. For callers that count every request and need to know when each of its bytes went and came.

use crate::{SetupError, trust};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use reqwest::{Url, header::HeaderValue};
use rustls::pki_types::ServerName;
use std::{io, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// The longest answer of a proxy to the wish for a tunnel, in bytes.
const MOST_OF_A_PROXY: usize = 16 * 1024;

/// A stream of bytes to a service.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How a service is reached.
#[derive(Clone)]
pub struct Dial {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    proxy: Option<Intercept>,
}

impl Dial {
    /// The way to the host of an `http` or `https` address. Nothing is connected yet.
    ///
    /// # Errors
    /// [`SetupError`] when TLS cannot be set up, or the address has no host.
    pub fn to(url: &Url) -> Result<Self, SetupError> {
        let unusable = || SetupError::Address(url.to_string());
        let host = url.host_str().ok_or_else(unusable)?.trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().ok_or_else(unusable)?;
        let proxy = url.as_str().parse().ok().and_then(|uri| Matcher::from_env().intercept(&uri));
        let tls = match url.scheme() {
            "https" => {
                let name = ServerName::try_from(host.clone()).map_err(|_| unusable())?;
                Some((TlsConnector::from(Arc::new(trust::tls()?)), name))
            }
            _ => None,
        };
        Ok(Self { host, port, tls, proxy })
    }

    /// What stands before the path in a request line: the whole address for a proxy that passes requests on, else nothing.
    #[must_use]
    pub fn absolute(&self) -> Option<String> {
        let passed_on = self.tls.is_none() && self.proxy.is_some();
        passed_on.then(|| format!("http://{}", self.authority()))
    }

    /// Host and port as an address has them: IPv6 in brackets (RFC 3986, section 3.2.2).
    fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{host}:{}", self.port)
    }

    /// What a proxy that passes requests on wants to know with each of them.
    #[must_use]
    pub fn proxy_authorization(&self) -> Option<&HeaderValue> {
        self.proxy.as_ref().filter(|_| self.tls.is_none()).and_then(Intercept::basic_auth)
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// When nobody listens, the proxy refuses, or the certificate is not trusted.
    pub async fn open(&self) -> io::Result<Box<dyn Stream>> {
        let stream = match &self.proxy {
            Some(proxy) => self.through(proxy).await?,
            None => TcpStream::connect((self.host.as_str(), self.port)).await?,
        };
        stream.set_nodelay(true)?;
        match &self.tls {
            Some((connector, name)) => Ok(Box::new(connector.connect(name.clone(), stream).await?)),
            None => Ok(Box::new(stream)),
        }
    }

    /// A connection to the proxy; for TLS, the tunnel it makes.
    async fn through(&self, proxy: &Intercept) -> io::Result<TcpStream> {
        let uri = proxy.uri();
        if uri.scheme_str() != Some("http") {
            let text = format!("the environment's proxy {uri} is none that starts with http://");
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let mut stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await?;
        if self.tls.is_none() {
            return Ok(stream);
        }
        let mut wish = format!("CONNECT {0} HTTP/1.1\r\nhost: {0}\r\n", self.authority()).into_bytes();
        if let Some(login) = proxy.basic_auth() {
            wish.extend([b"proxy-authorization: ", login.as_bytes(), b"\r\n"].concat());
        }
        wish.extend(b"\r\n");
        stream.write_all(&wish).await?;
        let mut answer = Vec::new();
        // Byte by byte: what follows the answer belongs to TLS.
        while !answer.ends_with(b"\r\n\r\n") && answer.len() < MOST_OF_A_PROXY {
            answer.push(stream.read_u8().await?);
        }
        let first = String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned();
        if first.split(' ').nth(1).is_some_and(|status| status.starts_with('2')) {
            return Ok(stream);
        }
        Err(io::Error::other(format!("the proxy refuses a tunnel: {first}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_ipv6_in_brackets_and_its_port() {
        let authority = |url: &str| Dial::to(&url.parse().unwrap()).unwrap().authority();
        assert_eq!(authority("https://[2001:db8::1]/x"), "[2001:db8::1]:443");
        assert_eq!(authority("http://example.org:8080"), "example.org:8080");
    }
}
