//! A registry of our own for a measurement, with images in it, and a key to sign with.

use crate::{
    shell::{command, run, target},
    tools,
};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// What an OCI index is called.
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// How a registry keeps track of referrers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Under tags that its clients keep: Debian's `docker-registry`, which syncs every file it writes; its storage is in
    /// memory where this machine has such a folder, so that programs are measured and not a disk.
    FallbackTag,
    /// By the referrers API: go-containerregistry's, in memory.
    Api,
}

impl Kind {
    pub(super) const BOTH: [Self; 2] = [Self::FallbackTag, Self::Api];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::FallbackTag => "a registry without the referrers API (docker-registry)",
            Self::Api => "a registry with the referrers API (go-containerregistry)",
        }
    }
}

/// A registry, ended when dropped, and the folder of a measurement.
pub(super) struct Place {
    process: Child,
    /// Its host and port.
    pub(super) host: String,
    /// For keys, policies, contracts and layouts.
    pub(super) folder: PathBuf,
    /// What the registry keeps.
    storage: PathBuf,
    ours: PathBuf,
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.storage);
    }
}

/// The release tree's binary, or the one given.
pub(super) fn ours(given: Option<&Path>) -> Result<PathBuf> {
    let ours = given.map_or_else(|| target().join("dist/bin/linux-x64/lockkeeper"), Path::to_path_buf);
    if !ours.exists() {
        bail!("{} is not there; `cargo xtask dist` builds the release tree", ours.display());
    }
    Ok(ours)
}

impl Place {
    /// Starts the registry, and makes a key, a contract and a policy.
    pub(super) fn start(ours: PathBuf, kind: Kind) -> Result<Self> {
        let folder = target().join("bench/registry");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let host = format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0")?.local_addr()?.port());
        let memory = Path::new("/dev/shm");
        let storage = if memory.is_dir() { memory } else { &folder }.join(format!("registry-{}", std::process::id()));
        let mut server = match kind {
            Kind::FallbackTag => docker_registry(&folder, &storage, &host)?,
            Kind::Api => command(program("referrers-registry"), &[&host]),
        };
        server.stdout(Stdio::null()).stderr(Stdio::null());
        let process = server.spawn().context("the registry is not there; `cargo xtask tools` installs it")?;
        let place = Self { process, host, folder, storage, ours };
        let start = Instant::now();
        while TcpStream::connect(&place.host).is_err() {
            if start.elapsed() > Duration::from_secs(20) {
                bail!("the registry does not listen");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        place.key()?;
        fs::write(
            place.folder.join("provenance.yml"),
            "version: 1\nfields: {team: {literal: bench}, run: {run: id}}\n",
        )?;
        Ok(place)
    }

    fn key(&self) -> Result<()> {
        let generate =
            ["genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "key.pem"];
        run(command("openssl", &generate).current_dir(&self.folder))?;
        run(
            command("openssl", &["pkey", "-in", "key.pem", "-pubout", "-out", "key.pub.pem"]).current_dir(&self.folder)
        )?;
        let key = fs::read_to_string(self.folder.join("key.pub.pem"))?.trim().replace('\n', "\n      ");
        let policy = format!(
            "version: 1\nname: bench\nsigners:\n  release:\n    public-key: |\n      {key}\nrequire:\n  \
             provenance: {{predicate: slsa-provenance, signed-by: release}}\n  \
             manifest: {{predicate: release-manifest, signed-by: release}}\n"
        );
        Ok(fs::write(self.folder.join("policy.yml"), policy)?)
    }

    /// Our program as a step of a workflow run of its own.
    pub(super) fn step(&self, words: &[&str], run: usize) -> Command {
        let mut command = command(&self.ours, words);
        let workspace = self.folder.display().to_string();
        let run = run.to_string();
        let context = [
            ("GITHUB_WORKSPACE", workspace.as_str()),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "acme/bench"),
            ("GITHUB_REPOSITORY_ID", "1"),
            ("GITHUB_REPOSITORY_OWNER_ID", "2"),
            ("GITHUB_REF", "refs/heads/main"),
            ("GITHUB_EVENT_NAME", "push"),
            ("GITHUB_SHA", "5f2b7c9d1e3a4b6c8d0e2f4a6b8c0d1e3f5a7b9c"),
            ("GITHUB_WORKFLOW_REF", "acme/bench/.github/workflows/release.yml@refs/heads/main"),
            ("GITHUB_RUN_ID", run.as_str()),
            ("GITHUB_RUN_ATTEMPT", "1"),
        ];
        command.env_clear().envs(context).current_dir(&self.folder);
        command
    }

    /// Pushes an index of two platforms with layers of these sizes; its reference by digest.
    pub(super) fn push(&self, repository: &str, layers: &[usize]) -> Result<String> {
        let layout = self.folder.join("layout");
        let digest = index(&layout, repository, layers)?;
        let to = format!("docker://{}/{repository}:pushed", self.host);
        let mut push =
            command(program("skopeo"), &["--insecure-policy", "copy", "--quiet", "--all", "--preserve-digests"]);
        push.arg("--dest-tls-verify=false").arg(format!("oci:{}:all", layout.display())).arg(to);
        let output = push.output().context("skopeo is not there; `cargo xtask tools` installs it")?;
        if !output.status.success() {
            bail!("skopeo did not push: {}", String::from_utf8_lossy(&output.stderr));
        }
        fs::remove_dir_all(layout)?;
        Ok(format!("{}/{repository}@{digest}", self.host))
    }

    /// Leaves the two statements of a stamp on an image.
    pub(super) fn stamp(&self, image: &str, run: usize) -> Command {
        let image = format!("--image={image}");
        let words = ["provenance-stamp", "--signing-key=key.pem", "--registry-auth=anonymous", &image];
        self.step(&words, run)
    }
}

fn docker_registry(folder: &Path, storage: &Path, host: &str) -> Result<Command> {
    let config = format!(
        "version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem: {{rootdirectory: {}}}\nhttp:\n  addr: {host}\n",
        storage.display()
    );
    let place = folder.join("registry.yml");
    fs::write(&place, config)?;
    let mut server = command(program("docker-registry"), &["serve"]);
    server.arg(place);
    Ok(server)
}

/// A program of the tools, else from `PATH`.
pub(super) fn program(name: &str) -> PathBuf {
    let installed = ["bin", "debian/usr/bin"].map(|folder| tools::folder().join(folder).join(name));
    installed.into_iter().find(|path| path.exists()).unwrap_or_else(|| PathBuf::from(name))
}

/// Bytes that do not compress, the same for the same seed (xorshift64*, Vigna 2016).
pub(super) fn noise(seed: &str, length: usize) -> Vec<u8> {
    let mut state = u64::from_le_bytes(Sha256::digest(seed)[..8].try_into().unwrap_or_default()) | 1;
    let words = (0..length.div_ceil(8)).flat_map(|_| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_F491_4F6C_DD1D).to_le_bytes()
    });
    words.take(length).collect()
}

/// An image layout with an index of two platforms; the index's digest.
fn index(layout: &Path, seed: &str, layers: &[usize]) -> Result<String> {
    fs::create_dir_all(layout.join("blobs/sha256"))?;
    let blob = |media_type: &str, bytes: &[u8]| -> Result<Value> {
        let hex = hex::encode(Sha256::digest(bytes));
        fs::write(layout.join("blobs/sha256").join(&hex), bytes)?;
        Ok(json!({"mediaType": media_type, "digest": format!("sha256:{hex}"), "size": bytes.len()}))
    };
    let mut manifests = Vec::new();
    for architecture in ["amd64", "arm64"] {
        let (mut parts, mut diff_ids) = (Vec::new(), Vec::new());
        for (number, length) in layers.iter().enumerate() {
            let bytes = noise(&format!("{seed} {architecture} {number}"), *length);
            let layer = blob("application/vnd.oci.image.layer.v1.tar", &bytes)?;
            diff_ids.push(layer["digest"].clone());
            parts.push(layer);
        }
        let rootfs = json!({"type": "layers", "diff_ids": diff_ids});
        let config = json!({"architecture": architecture, "os": "linux", "config": {}, "rootfs": rootfs}).to_string();
        let config = blob("application/vnd.oci.image.config.v1+json", config.as_bytes())?;
        let manifest =
            json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": parts}).to_string();
        let mut entry = blob(MANIFEST, manifest.as_bytes())?;
        entry["platform"] = json!({"architecture": architecture, "os": "linux"});
        manifests.push(entry);
    }
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}).to_string();
    let mut entry = blob(INDEX, index.as_bytes())?;
    let digest = entry["digest"].as_str().unwrap_or_default().to_owned();
    entry["annotations"] = json!({"org.opencontainers.image.ref.name": "all"});
    let top = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]});
    fs::write(layout.join("index.json"), top.to_string())?;
    fs::write(layout.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)?;
    Ok(digest)
}
