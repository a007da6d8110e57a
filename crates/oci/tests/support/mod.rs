//! Real registries and clients for the tests: Debian's `docker-registry` and `skopeo`, on loopback.
#![allow(dead_code, reason = "each test program uses its own part of this")]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test stops, and speaks, where it stands")]

use oci::{
    Anonymous, Platform, Registry,
    copy::{Closure, Copied},
    image::Builder,
    image::Contents,
    layout::Layout,
};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use subject::Repository;
use transport::Pauses;

/// A `docker-registry` of its own, killed when dropped.
pub(crate) struct DockerRegistry {
    process: Child,
    pub(crate) host: String,
    pub(crate) storage: tempfile::TempDir,
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Is the program there? Without it a test says loudly that it did not run, and fails where everything must run.
pub(crate) fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        eprintln!("SKIPPED: `{program}` is not installed; this test proved nothing");
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "`{program}` must be installed where CI=true");
    }
    found
}

impl DockerRegistry {
    /// Starts one, with more lines in its configuration; `None` when the program is missing.
    pub(crate) fn start(more: &str) -> Option<Self> {
        if !has("docker-registry") {
            return None;
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host = format!("127.0.0.1:{port}");
        let storage = tempfile::tempdir().unwrap();
        let config = storage.path().join("config.yml");
        let root = storage.path().join("data");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem: {{rootdirectory: {}}}\n  delete: {{enabled: true}}\nhttp:\n  addr: {host}\n{more}\n",
            root.display()
        );
        std::fs::write(&config, text).unwrap();
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .env_clear()
            // The program is looked for where the child is told to look: the tests' own tools are not in `/usr/bin`.
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        listens(&host);
        Some(Self { process, host, storage })
    }

    pub(crate) fn repository(&self, path: &str) -> Repository {
        Repository::new(&self.host, path).unwrap()
    }

    /// The file the registry keeps a blob in.
    pub(crate) fn blob_file(&self, digest: &subject::Digest) -> std::path::PathBuf {
        let hex = digest.hex();
        let blobs = self.storage.path().join("data/docker/registry/v2/blobs/sha256");
        blobs.join(&hex[..2]).join(hex).join("data")
    }
}

/// go-containerregistry's registry, with the referrers API; it keeps everything in memory and tells what it was asked.
pub(crate) struct ReferrersRegistry {
    process: Child,
    pub(crate) host: String,
    log: tempfile::NamedTempFile,
}

impl Drop for ReferrersRegistry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl ReferrersRegistry {
    pub(crate) fn start() -> Option<Self> {
        if !has("referrers-registry") {
            return None;
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (host, log) = (format!("127.0.0.1:{port}"), tempfile::NamedTempFile::new().unwrap());
        let output = log.reopen().unwrap();
        let mut command = Command::new("referrers-registry");
        let process = command.arg(&host).stdout(output).stderr(Stdio::null()).spawn().unwrap();
        listens(&host);
        Some(Self { process, host, log })
    }

    pub(crate) fn repository(&self, path: &str) -> Repository {
        Repository::new(&self.host, path).unwrap()
    }

    /// The requests so far, such as `GET /v2/`.
    pub(crate) fn asked(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.log.path()).unwrap();
        log.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
    }
}

/// How a registry keeps track of referrers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    FallbackTag,
    Api,
}

/// Both kinds.
pub(crate) const KINDS: [Kind; 2] = [Kind::FallbackTag, Kind::Api];

/// A registry of either kind.
pub(crate) enum AnyRegistry {
    FallbackTag(DockerRegistry),
    Api(ReferrersRegistry),
}

impl AnyRegistry {
    pub(crate) fn start(kind: Kind) -> Option<Self> {
        match kind {
            Kind::FallbackTag => DockerRegistry::start("").map(Self::FallbackTag),
            Kind::Api => ReferrersRegistry::start().map(Self::Api),
        }
    }

    pub(crate) fn repository(&self, path: &str) -> Repository {
        match self {
            Self::FallbackTag(server) => server.repository(path),
            Self::Api(server) => server.repository(path),
        }
    }
}

/// A tool that the test command installs, by its path below the folder of the tools. Without it a test says loudly that it
/// did not run, and fails where everything must run.
pub(crate) fn tool(path: &str) -> Option<PathBuf> {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools").join(path);
    if !place.exists() {
        eprintln!("SKIPPED: {path} is not installed; `cargo xtask test` installs it");
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{path} must be installed where CI=true");
    }
    place.exists().then_some(place)
}

/// Copies what `to` lacks.
pub(crate) async fn copy(
    registry: &Registry,
    closure: &Closure,
    from: &Registry,
    to: &Repository,
) -> Result<Copied, oci::Error> {
    let missing = registry.missing(closure, to).await?;
    registry.copy(closure, &missing, from, to).await
}

fn listens(host: &str) {
    let began = Instant::now();
    while std::net::TcpStream::connect(host).is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "nobody listens on {host}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A client that does not wait long between attempts.
pub(crate) fn anonymous() -> Registry {
    hasty(Registry::new(Arc::new(Anonymous)).unwrap())
}

pub(crate) fn hasty(registry: Registry) -> Registry {
    let (first, longest) = (Duration::from_millis(5), Duration::from_millis(20));
    registry.with_pauses(Pauses { attempts: 4, first, longest })
}

/// A small image of two layers; `mark` makes it another one.
pub(crate) fn sample(mark: &str) -> Builder {
    let base = Contents::new()
        .file("etc/os-release", 0o644, "ID=none\n")
        .file("etc/removed", 0o600, "secret")
        .symlink("bin", "usr/bin")
        .file("usr/bin/tool", 0o755, "#!/bin/sh\n");
    let app = Contents::new().file("app/server", 0o755, mark.to_owned()).file("etc/.wh.removed", 0o644, "");
    Builder::new(Platform::linux("amd64"))
        .layer("base", base)
        .layer("app", app)
        .entrypoint(["/app/server"])
        .env("PORT", "8080")
        .label("org.example.mark", mark)
        .working_dir("/app")
        .user("65532")
        .port(8080)
}

pub(crate) fn layout_in(folder: &Path, builder: &Builder) -> Layout {
    let layout = Layout::create(folder).unwrap();
    builder.build(&layout, Some("v1")).unwrap();
    layout
}

/// Runs skopeo and gives what it printed.
pub(crate) fn skopeo(words: &[&str]) -> String {
    let output = Command::new("skopeo").arg("--insecure-policy").args(words).output().unwrap();
    assert!(output.status.success(), "skopeo {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
