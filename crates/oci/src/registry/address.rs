//! Where a registry is: https, except on this very machine.

use crate::Error;
use reqwest::Url;
use std::net::{Ipv4Addr, Ipv6Addr};
use subject::Repository;

/// Is this `host[:port]` the machine we run on? Only there is cleartext http spoken.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(rest, |(address, _)| address),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name == "localhost"
        || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || name.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}

/// `<scheme>://<host>/v2/<repository>/<rest>`.
pub(super) fn url(repository: &Repository, rest: &str) -> Result<Url, Error> {
    let host = repository.registry();
    let scheme = if is_loopback(host) { "http" } else { "https" };
    // Docker Hub's images carry its old name, and its registry answers under another.
    let host = if matches!(host, "docker.io" | "index.docker.io") { "registry-1.docker.io" } else { host };
    let text = format!("{scheme}://{host}/v2/{}/{rest}", repository.path());
    Url::parse(&text).map_err(|error| Error::invalid(format!("address {repository}"), error.to_string()))
}

/// Where a `Location` or `Link` leads from `base`, never from https to cleartext.
pub(super) fn follow(base: &Url, location: &str) -> Option<Url> {
    let mut next = base.join(location).ok()?;
    // A registry behind a proxy that ends TLS often names itself by http; it means the address it was asked by.
    if next.host_str() == base.host_str() && base.scheme() == "https" && next.scheme() == "http" {
        next.set_scheme("https").ok()?;
    }
    is_safe(&next).then_some(next)
}

/// May an answer come from, or a request go to, this address?
pub(super) fn is_safe(url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => url.host_str().is_some_and(is_loopback_name),
        _ => false,
    }
}

fn is_loopback_name(name: &str) -> bool {
    if name.starts_with('[') { is_loopback(name) } else { is_loopback(&format!("{name}:0")) }
}

/// Do both addresses reach the same server? Only then is it told who we are.
pub(super) fn same_server(one: &Url, other: &Url) -> bool {
    (one.scheme(), one.host_str(), one.port_or_known_default())
        == (other.scheme(), other.host_str(), other.port_or_known_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleartext_is_spoken_only_on_this_machine() {
        for (host, loopback) in [
            ("127.0.0.1:5000", true),
            ("127.9.8.7", true),
            ("localhost", true),
            ("localhost:5000", true),
            ("[::1]:5000", true),
            ("[::1]", true),
            ("ghcr.io", false),
            ("localhost.example.org", false),
            ("127.0.0.1.example.org:80", false),
            ("10.0.0.1:5000", false),
            ("[2001:db8::1]:5000", false),
            ("0.0.0.0:5000", false),
        ] {
            assert_eq!(is_loopback(host), loopback, "{host}");
            let Ok(repository) = Repository::new(host, "app") else { continue };
            let scheme = url(&repository, "manifests/x").unwrap().scheme().to_owned();
            assert_eq!(scheme == "http", loopback, "{host}");
        }
    }

    #[test]
    fn a_location_never_leads_from_https_to_cleartext() {
        let base = Url::parse("https://registry.example/v2/app/blobs/uploads/").unwrap();
        let at = |location: &str| follow(&base, location).map(|url| url.to_string());
        assert_eq!(at("/v2/app/u/1?s=2").unwrap(), "https://registry.example/v2/app/u/1?s=2");
        assert_eq!(at("http://registry.example/u").unwrap(), "https://registry.example/u");
        assert_eq!(at("https://cdn.example/u").unwrap(), "https://cdn.example/u");
        assert_eq!(at("http://cdn.example/u"), None);
        assert_eq!(at("file:///etc/passwd"), None);
    }
}
