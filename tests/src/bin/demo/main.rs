//! `cargo xtask demo`: five releases walk through the chain, with the very binaries a release ships, in a cloud on this
//! laptop. What the story claims is checked as it goes; a claim that does not hold ends the demo with an error.

#![expect(clippy::print_stdout, reason = "the demo tells its story on the terminal")]

mod cli;
mod evidence;
mod page;
mod plot;
mod traffic;
mod walk;

use anyhow::{Context, Result};
use e2e::world::World;
use std::{path::PathBuf, process::ExitCode};
use walk::{Ending, Walk};

/// What the demo is given by `cargo xtask demo`.
struct Arguments {
    tree: PathBuf,
    service: PathBuf,
    page: PathBuf,
}

/// The releases in order, and how each must end.
const STORY: [(&str, &str, Ending); 5] = [
    ("good", "a good release: it must reach production", Ending::Kept),
    ("new-logic", "new logic, with its own golden cases: it must reach production", Ending::Kept),
    ("wrong", "healthy, but wrong: an acre is ten times too large", Ending::StoppedByCanary),
    ("crashing", "it crashes a moment after it starts", Ending::RolledBackInStaging),
    ("erroring", "every golden case is right, but real traffic gets errors", Ending::RolledBackInProduction),
];

fn main() -> ExitCode {
    let result = arguments().and_then(|arguments| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(tell(&arguments))
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nthe demo failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<Arguments> {
    let words: Vec<String> = std::env::args().collect();
    let value = |name: &str| -> Result<PathBuf> {
        let at = words.iter().position(|word| word == name).with_context(|| format!("{name} is missing"))?;
        let path = words.get(at + 1).with_context(|| format!("{name} needs a value"))?;
        Ok(std::path::absolute(path)?)
    };
    Ok(Arguments { tree: value("--tree")?, service: value("--service")?, page: value("--page")? })
}

async fn tell(arguments: &Arguments) -> Result<()> {
    println!("== a cloud on this laptop ==");
    let world = World::start(&arguments.service).await?;
    println!("{}: a registry, ECS, a load balancer and metrics; nothing leaves this machine", world.sandbox.endpoint());
    let mut walk = Walk::begin(world, &arguments.tree).await?;
    for (number, (flavour, claim, ending)) in STORY.into_iter().enumerate() {
        println!("\n== release {} of {}, {flavour}: {claim} ==", number + 1, STORY.len());
        walk.raise(flavour, claim, ending).await?;
    }
    let story = walk.end().await?;
    println!("\n== evidence ==");
    evidence::print(&story);
    if let Some(folder) = arguments.page.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&arguments.page, page::render(&story))?;
    println!("\nproduction runs {}, the last good release ({})", story.running, story.last_good);
    println!("the walk took {:.0} s; a page to look at: {}", story.took.as_secs_f64(), arguments.page.display());
    Ok(())
}
