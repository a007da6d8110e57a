//! The chain a release walks, and the checks that what it claims is so.

use crate::{
    cli::{Lockkeeper, Ran},
    evidence::{self, Evidence},
    traffic::{Second, Traffic},
};
use anyhow::{Result, bail};
use e2e::world::{self, Environment, Release, World};
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How a release ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It serves in production.
    Kept,
    /// The canary dataset refused it in staging, which went back.
    StoppedByCanary,
    /// It never became healthy in staging, which went back by itself.
    RolledBackInStaging,
    /// The guardrails refused it in production, which went back.
    RolledBackInProduction,
}

/// One step of a release.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// What it is for, in two words.
    pub(crate) title: &'static str,
    pub(crate) ran: Ran,
}

/// A release that has walked.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) release: Release,
    pub(crate) claim: String,
    pub(crate) ending: Ending,
    pub(crate) steps: Vec<Step>,
    /// When it began and ended, since the walk's beginning.
    pub(crate) span: (Duration, Duration),
    pub(crate) evidence: Vec<Evidence>,
}

/// The whole walk, told.
pub(crate) struct Story {
    pub(crate) releases: Vec<Told>,
    pub(crate) traffic: Vec<Second>,
    /// The digest that production's tasks run.
    pub(crate) running: String,
    /// The flavour of the last good release.
    pub(crate) last_good: String,
    pub(crate) took: Duration,
}

/// The walk so far.
pub(crate) struct Walk {
    world: World,
    tree: PathBuf,
    lockkeeper: Lockkeeper,
    staging: Environment,
    production: Environment,
    last_good: Release,
    traffic: Traffic,
    told: Vec<Told>,
    start: Instant,
}

impl Walk {
    /// Makes staging and production, both serving an earlier release, and lets users in.
    pub(crate) async fn begin(world: World, tree: &Path) -> Result<Self> {
        let start = Instant::now();
        let before = world.release("good", tree).await?;
        let staging = world.environment("staging", &before.image, 2).await?;
        let production = world.environment("production", &before.image, 2).await?;
        println!("staging    {}\nproduction {}\nboth run   {}", staging.url, production.url, before.image.digest);
        let http = transport::client(transport::Limits::default())?;
        let traffic = Traffic::start(http, production.url.clone(), start);
        let lockkeeper = Lockkeeper { binary: world::binary(tree)?, folder: world.repository.clone() };
        let tree = tree.to_path_buf();
        Ok(Self { world, tree, lockkeeper, staging, production, last_good: before, traffic, told: Vec::new(), start })
    }

    /// Raises one release as far as it goes, and checks that it ended as it must.
    pub(crate) async fn raise(&mut self, flavour: &str, claim: &str, ending: Ending) -> Result<()> {
        let begun = self.start.elapsed();
        let release = self.world.release(flavour, &self.tree).await?;
        println!("commit {} is {}", &release.commit[..12], release.image);
        let mut steps = Vec::new();
        let seen = self.chain(&release, &mut steps).await?;
        if seen != ending {
            bail!("{flavour} was to end as {ending:?}, but ended as {seen:?}");
        }
        if seen == Ending::Kept {
            self.last_good = release.clone();
        }
        self.check_production().await?;
        let registry = self.world.registry().await?;
        // A promoted image has in production what it had in staging, and what was learned there.
        let promoted = self.world.production_repository()?.image(release.image.digest);
        let last = if registry.exists(&promoted).await? { &promoted } else { &release.image };
        let evidence = evidence::read(&registry, last, &self.world.public_key).await?;
        let span = (begun, self.start.elapsed());
        println!("=> {} ({:.1} s)", words(seen), (span.1 - span.0).as_secs_f64());
        self.told.push(Told { release, claim: claim.to_owned(), ending, steps, span, evidence });
        Ok(())
    }

    /// Build and attest, staging, checks, production, guardrails; back where one of them says no.
    async fn chain(&self, release: &Release, steps: &mut Vec<Step>) -> Result<Ending> {
        let image = release.image.to_string();
        self.must(steps, release, "list contents", &["sbom", "--image", &image]).await?;
        self.must(steps, release, "stamp origin", &["provenance-stamp", "--image", &image]).await?;
        if !self.deploy(steps, release, &self.staging).await? {
            return Ok(Ending::RolledBackInStaging);
        }
        if !self.canary(steps, release, &self.staging).await? {
            self.roll_back(steps, release, &self.staging).await?;
            return Ok(Ending::StoppedByCanary);
        }
        let promoted = self.promote(steps, release).await?;
        let (release, image) = (&promoted, promoted.image.to_string());
        if !self.deploy(steps, release, &self.production).await? {
            bail!("{image} could be deployed to staging, but not to production");
        }
        let (balancer, group) = &self.production.dimensions;
        // A minute of a real watch is a second here: the laptop's load balancer counts by the second.
        let parameters = ["warm_up=1s", "interval=1s", "watch=8s", "settle=2s"].map(str::to_owned).into_iter();
        let parameters = parameters.chain([format!("load_balancer={balancer}"), format!("target_group={group}")]);
        let parameters: Vec<String> = parameters.flat_map(|value| ["--parameters".to_owned(), value]).collect();
        let mut gate = vec!["guardrail-gate", "--guardrails", "guardrails.yml", "--image", &image];
        gate.extend(parameters.iter().map(String::as_str));
        if self.step(steps, release, "watch guardrails", &gate).await? {
            return Ok(Ending::Kept);
        }
        self.roll_back(steps, release, &self.production).await?;
        Ok(Ending::RolledBackInProduction)
    }

    async fn deploy(&self, steps: &mut Vec<Step>, release: &Release, to: &Environment) -> Result<bool> {
        let title = if to.cluster == "staging" { "deploy to staging" } else { "deploy to production" };
        let image = release.image.to_string();
        let words = [
            "ecs-deploy",
            "--cluster",
            &to.cluster,
            "--service",
            &to.service,
            "--image",
            &image,
            "--poll-seconds",
            "1",
        ];
        self.step(steps, release, title, &words).await
    }

    /// Copies the release into the repository that production runs from, if its evidence is enough.
    async fn promote(&self, steps: &mut Vec<Step>, release: &Release) -> Result<Release> {
        self.world.write_policy()?;
        let (image, to) = (release.image.to_string(), self.world.production_repository()?);
        let tag = format!("sha-{}", release.commit);
        let (policy, key, repository) = ("promotion.yml", "release-key.pub.pem", to.to_string());
        let words = ["image-promote", "--image", &image, "--to", &repository, "--tags", &tag, "--policy", policy];
        let more = ["--public-key", key, "--environment", "production"];
        self.must(steps, release, "promote", &[&words[..], &more].concat()).await?;
        Ok(Release { image: to.image(release.image.digest), ..release.clone() })
    }

    async fn canary(&self, steps: &mut Vec<Step>, release: &Release, on: &Environment) -> Result<bool> {
        let line = format!("line={}", world::logic_line(&release.flavour));
        let image = release.image.to_string();
        let words = [
            "canary-dataset-check",
            "--base-url",
            &on.url,
            "--config",
            "canary/canary.yml",
            "--parameters",
            &line,
            "--expect-version",
            &release.commit,
            "--image",
            &image,
        ];
        self.step(steps, release, "check answers", &words).await
    }

    async fn roll_back(&self, steps: &mut Vec<Step>, release: &Release, on: &Environment) -> Result<()> {
        let words = [
            "ecs-deploy",
            "--mode",
            "rollback",
            "--cluster",
            &on.cluster,
            "--service",
            &on.service,
            "--poll-seconds",
            "1",
        ];
        self.must(steps, release, "take it back", &words).await
    }

    /// Runs a step; whether it said yes. Not being able to tell is an error of the demo.
    async fn step(
        &self,
        steps: &mut Vec<Step>,
        release: &Release,
        title: &'static str,
        words: &[&str],
    ) -> Result<bool> {
        let mut env = self.world.run_env(&release.commit);
        env.push(("INPUT_SIGNING-KEY".to_owned(), self.world.signing_key.clone()));
        let ran = self.lockkeeper.run(words, &env).await?;
        println!("    {} after {:.1} s (exit {})", ran.verdict, ran.took.as_secs_f64(), ran.exit);
        let (exit, headline) = (ran.exit, ran.headline.clone());
        steps.push(Step { title, ran });
        match exit {
            0 => Ok(true),
            1 => Ok(false),
            _ => bail!("{} ended with {exit}: {headline}", words[0]),
        }
    }

    async fn must(&self, steps: &mut Vec<Step>, release: &Release, title: &'static str, words: &[&str]) -> Result<()> {
        if self.step(steps, release, title, words).await? { Ok(()) } else { bail!("{} was refused", words[0]) }
    }

    /// Production serves the last good release: the service says so, and so do its tasks.
    async fn check_production(&self) -> Result<()> {
        let wanted = self.last_good.image.digest.to_string();
        let version = self.world.version(&self.production).await?;
        if version["git_sha"] != self.last_good.commit.as_str() {
            bail!(
                "production answers as {}, not as the last good release {}",
                version["git_sha"],
                self.last_good.commit
            );
        }
        let running = self.world.running_digests(&self.production).await?;
        if running.is_empty() || running.iter().any(|digest| *digest != wanted) {
            bail!("production's tasks run {running:?}, not the last good digest {wanted}");
        }
        println!(
            "production answers as commit {}, and {} tasks run {wanted}",
            &self.last_good.commit[..12],
            running.len()
        );
        Ok(())
    }

    /// Ends the walk and tells it.
    pub(crate) async fn end(self) -> Result<Story> {
        self.check_production().await?;
        let story = Story {
            traffic: self.traffic.seconds(),
            running: self.last_good.image.digest.to_string(),
            last_good: self.last_good.flavour.clone(),
            took: self.start.elapsed(),
            releases: self.told,
        };
        self.world.sandbox.shutdown().await;
        Ok(story)
    }
}

/// How a release ended, for a person.
pub(crate) fn words(ending: Ending) -> &'static str {
    match ending {
        Ending::Kept => "raised to production",
        Ending::StoppedByCanary => "stopped in staging by its answers, and taken back",
        Ending::RolledBackInStaging => "never became healthy in staging, and was taken back",
        Ending::RolledBackInProduction => "taken back from production by its guardrails",
    }
}
