//! What our actions are measured beside: pinned, in the folder of the tools, installed only when asked for.

use crate::{
    shell::{command, root, run},
    tools,
};
use anyhow::Result;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const CDXGEN: &str = "@cyclonedx/cdxgen@12.8.4";

/// What `image-promote` is measured beside, from the Go module proxy.
const ORAS: &str = "oras.land/oras/cmd/oras@v1.3.6";

/// What is described.
#[derive(Debug, Clone)]
pub(super) enum Input {
    /// A folder with lockfiles.
    Project(PathBuf),
    /// An OCI image layout, and the same as a tar archive, which is all that cdxgen reads of layouts without a daemon.
    Image { layout: PathBuf, archive: PathBuf },
}

/// One generator.
pub(super) struct Peer {
    /// Its name and version.
    pub(super) name: &'static str,
    program: PathBuf,
    arguments: fn(&mut Command, &Input, &Path),
}

impl Peer {
    /// How it is told to describe something, into a file of CycloneDX.
    pub(super) fn describe(&self, input: &Input, output: &Path) -> Command {
        let mut command = command(&self.program, &[]);
        // Neither asks the network, installs anything, or runs the project's own tools.
        command.env("SYFT_CHECK_FOR_APP_UPDATE", "false").env("SYFT_JAVASCRIPT_INCLUDE_DEV_DEPENDENCIES", "true");
        (self.arguments)(&mut command, input, output);
        command
    }
}

/// Installs them.
pub(super) fn install() -> Result<()> {
    let venv = tools::folder().join("python/peers");
    run(command("python3", &["-m", "venv"]).arg(&venv))?;
    let args = ["install", "--quiet", "--disable-pip-version-check", "--requirement"];
    run(command(venv.join("bin/pip"), &args).arg(root().join("tests/peers/requirements.txt")))?;
    let place = tools::folder().join("cdxgen");
    fs::create_dir_all(&place)?;
    let args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", "--prefix", ".", CDXGEN];
    run(command("npm", &args).current_dir(&place))
}

/// Installs oras.
pub(super) fn install_oras() -> Result<()> {
    tools::go("oras", ORAS)
}

/// Those that are installed; the others with a loud line.
pub(super) fn installed() -> Vec<Peer> {
    let all = [
        Peer { name: "Syft 1.18.1", program: tools::folder().join("python/peers/bin/syft"), arguments: syft },
        Peer {
            name: "cdxgen 12.8.4",
            program: tools::folder().join("cdxgen/node_modules/.bin/cdxgen"),
            arguments: cdxgen,
        },
    ];
    let (there, missing): (Vec<_>, Vec<_>) = all.into_iter().partition(|peer| peer.program.exists());
    for peer in missing {
        println!("\n!!! SKIPPED: {} is not installed; `cargo xtask bench sbom --install-peers` does it\n", peer.name);
    }
    there
}

fn syft(command: &mut Command, input: &Input, output: &Path) {
    let source = match input {
        Input::Project(folder) => format!("dir:{}", folder.display()),
        Input::Image { layout, .. } => format!("oci-dir:{}", layout.display()),
    };
    command.args(["scan", "--quiet", &source, "--output"]).arg(format!("cyclonedx-json={}", output.display()));
}

fn cdxgen(command: &mut Command, input: &Input, output: &Path) {
    command.args(["--no-install-deps", "--no-babel", "--output"]).arg(output);
    match input {
        Input::Project(folder) => command.arg(folder),
        Input::Image { archive, .. } => command.args(["--type", "docker"]).arg(archive),
    };
}
