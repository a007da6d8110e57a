//! Git repositories as lockfiles name them.

use crate::purl;

/// A commit as purl-spec's `vcs_url` wants it: SPDX's download location, `git+https://host/path@commit`.
#[must_use]
pub(super) fn vcs_url(remote: &str, commit: &str) -> String {
    let remote = purl::without_credentials(remote.strip_prefix("git+").unwrap_or(remote));
    // `git@host:path` is how ssh is written by hand.
    let url = match remote.split_once(':') {
        Some((host, path)) if !path.starts_with("//") && host.contains('@') && !host.contains('/') => {
            format!("ssh://{host}/{}", path.trim_start_matches('/'))
        }
        _ => remote,
    };
    let at = if commit.is_empty() { String::new() } else { format!("@{commit}") };
    format!("git+{url}{at}")
}

/// Host and path of a remote, without `.git`: `github.com/apple/swift-log`. `None` for what is on no host.
#[must_use]
pub(super) fn host_and_path(remote: &str) -> Option<String> {
    let remote = purl::without_credentials(remote.strip_prefix("git+").unwrap_or(remote));
    let (host, path) = match remote.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, rest)) => rest.split_once('/')?,
        None => remote.split_once(':').filter(|(host, _)| host.contains(['@', '.']) && !host.contains('/'))?,
    };
    let host = host.rsplit('@').next().unwrap_or(host);
    // A port says how to reach the host, not which it is.
    let host = host.split(':').next().unwrap_or(host);
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    (!host.is_empty() && !path.is_empty()).then(|| format!("{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_is_written_as_a_download_location_without_its_secret() {
        for (remote, wanted) in [
            ("https://user:token@example.com/a/b.git", "git+https://example.com/a/b.git@c0ffee"),
            ("git@github.com:a/b.git", "git+ssh://git@github.com/a/b.git@c0ffee"),
            ("ssh://git@host:22/a/b", "git+ssh://git@host:22/a/b@c0ffee"),
            ("git://host/a", "git+git://host/a@c0ffee"),
            ("git+https://host/a", "git+https://host/a@c0ffee"),
            ("../b", "git+../b@c0ffee"),
        ] {
            assert_eq!(vcs_url(remote, "c0ffee"), wanted);
        }
    }

    #[test]
    fn a_remote_on_a_host_is_known_by_host_and_path() {
        for (remote, wanted) in [
            ("https://github.com/apple/swift-log.git", Some("github.com/apple/swift-log")),
            ("git@github.com:apple/swift-log.git", Some("github.com/apple/swift-log")),
            ("ssh://git@host.example:2222/group/sub/x/", Some("host.example/group/sub/x")),
            ("https://token@host/x", Some("host/x")),
            ("/local/path", None),
            ("file:///local/path", None),
            ("https://host", None),
            ("", None),
        ] {
            assert_eq!(host_and_path(remote).as_deref(), wanted, "{remote}");
        }
    }
}
