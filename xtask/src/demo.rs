//! `cargo xtask demo`: five releases walk through the chain on this machine.

use crate::{
    dist::{self, Dist},
    shell::{self, cargo, target},
    test,
};
use anyhow::Result;

/// How to show it.
#[derive(clap::Args, Default)]
pub(crate) struct Demo {
    /// Open the page in the browser at the end
    #[arg(long)]
    open: bool,
}

/// Builds the release tree, the sample service and the laptop cloud, and walks.
pub(crate) fn run(demo: &Demo) -> Result<()> {
    let tree = dist::run(&Dist::default())?;
    let service = test::sample_service()?;
    shell::run(&mut cargo(&["build", "--quiet", "--locked", "--package", "e2e", "--bin", "demo"]))?;
    let page = target().join("demo/index.html");
    let mut walk = shell::command(target().join("debug/demo"), &[]);
    walk.arg("--tree").arg(&tree).arg("--service").arg(service);
    shell::run(walk.arg("--page").arg(&page))?;
    if demo.open {
        let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
        shell::run(shell::command(opener, &[]).arg(&page))?;
    }
    Ok(())
}
