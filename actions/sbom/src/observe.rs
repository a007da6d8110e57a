//! Reads the world: which image, which files, what they say. Changes nothing.

use crate::{
    ecosystem::{self, Place},
    graph::{Inventory, Root, RootKind},
    inputs::{Inputs, Settings, Source},
    purl,
    source::{image::LookError, tree::Tree},
};
use evidence::Evidence;
use github::{Exit, Failure, Runner};
use oci::{ErrorKind, Kind as ManifestKind, image::Image, layout::Layout};
use std::{collections::BTreeMap, path::Path};
use subject::{Digest, ImageRef};

/// What was found out.
pub struct Facts<'r> {
    /// The packages, by file.
    pub inventories: Vec<Inventory>,
    /// What they are about; `None` for a tree without a given name.
    pub root: Option<Root>,
    /// The image in its registry, and the way to leave something on it.
    pub image: Option<(ImageRef, Evidence<'r>)>,
    /// The digest of the image described, also of one that is only on disk.
    pub digest: Option<Digest>,
    /// When the image says it was made.
    pub created: Option<jiff::Timestamp>,
    /// What was described, in words.
    pub subject: String,
}

/// Looks at the source.
///
/// # Errors
/// A [`Failure`]: bad input for a path that is not there, a broken lockfile or a broken layout; unknown for a registry that
/// does not give the image.
pub async fn observe<'r>(runner: &'r Runner, settings: &Settings, inputs: &Inputs) -> Result<Facts<'r>, Failure> {
    match &settings.source {
        Source::Image(reference) => {
            let evidence = Evidence::connect(runner, &inputs.evidence, reference.repository(), &inputs.aws).await?;
            let pinned = evidence.pin(reference).await?;
            runner.info(format!("reading {pinned}"));
            let fetched = Image::fetch(evidence.registry(), &pinned, &settings.platform).await;
            let fetched =
                fetched.map_err(|error| evidence::registry_failure("read the image", &error).state(UNTOUCHED))?;
            let image = pinned.repository.image(fetched.manifest.digest);
            if image != pinned {
                let platform = &settings.platform;
                runner.notice(format!("{pinned} is an index; describing its image for {platform}, {}", image.digest));
            }
            let root = image_root(settings, Some(&image), &fetched);
            let mut facts = from_image(fetched, image.to_string(), Exit::Unknown).await?;
            facts.root = Some(root);
            facts.image = Some((image, evidence));
            Ok(facts)
        }
        Source::Path(path) if path.join("oci-layout").is_file() => {
            runner.info(format!("reading the image layout {}", path.display()));
            let opened = Layout::open(path).and_then(|layout| Image::open(&layout, None, &settings.platform));
            let opened = opened.map_err(|error| unreadable_layout(path, &error))?;
            let root = image_root(settings, None, &opened);
            let mut facts = from_image(opened, shown(runner, path), Exit::BadInput).await?;
            facts.root = Some(root);
            Ok(facts)
        }
        Source::Path(path) => {
            runner.info(format!("reading {}", path.display()));
            from_tree(settings, path, shown(runner, path))
        }
    }
}

const UNTOUCHED: &str = "nothing was written";

/// A path as it is seen from the workspace: reports of two machines are alike.
fn shown(runner: &Runner, path: &Path) -> String {
    let inside = path.strip_prefix(runner.workspace()).ok().filter(|inside| !inside.as_os_str().is_empty());
    let workspace = path == runner.workspace();
    if workspace { "the workspace".to_owned() } else { inside.unwrap_or(path).display().to_string() }
}

fn from_tree<'r>(settings: &Settings, path: &Path, subject: String) -> Result<Facts<'r>, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(Exit::BadInput, "read the source").subject(&subject).because(error).state(UNTOUCHED)
    };
    if !path.exists() {
        return Err(
            failed(&"it does not exist").help("`path` is relative to the workspace; check out the repository first")
        );
    }
    let tree = Tree::at(path);
    let sighting = tree.look(&settings.exclude).map_err(|error| failed(&error))?;
    let read = |path: &str| tree.read(path);
    let inventories = ecosystem::inventories(sighting, Place::Tree, &read);
    let root = settings.name.as_ref().map(|name| Root {
        kind: RootKind::Application,
        name: name.clone(),
        version: None,
        purl: None,
        properties: BTreeMap::new(),
    });
    Ok(Facts { inventories, root, image: None, digest: None, created: None, subject })
}

/// The layers are read away from the runtime's thread, so that a signal is heard meanwhile.
async fn from_image<'r>(image: Image, subject: String, exit: Exit) -> Result<Facts<'r>, Failure> {
    let digest = image.manifest.digest;
    let created = image.config.created.as_deref().and_then(|created| created.parse().ok());
    let failed = |error: &dyn std::fmt::Display| {
        let failure = Failure::new(exit, "read the layers of").subject(&subject).because(error).state(UNTOUCHED);
        failure.help("build the image again with a tool that writes OCI layers, and describe that one")
    };
    let looked = tokio::task::spawn_blocking(move || crate::source::image::look(&image)).await;
    let looked = looked.map_err(|error| failed(&error))?;
    let sighting = looked.map_err(|error| match error {
        LookError::Image(error) => failed(&error.cause()),
        error @ LookError::TooMuch { .. } => failed(&error),
    })?;
    let inventories = ecosystem::inventories(sighting, Place::Image, &|_| None);
    Ok(Facts { inventories, root: None, image: None, digest: Some(digest), created, subject })
}

fn image_root(settings: &Settings, image: Option<&ImageRef>, fetched: &Image) -> Root {
    let platform = &fetched.config.platform;
    let digest = fetched.manifest.digest;
    let mut properties = BTreeMap::from([("lockkeeper:oci:platform", platform.to_string())]);
    if let ManifestKind::Image(manifest) = &fetched.manifest.kind {
        properties.insert("lockkeeper:oci:layers", manifest.layers.len().to_string());
    }
    Root {
        kind: RootKind::Container,
        name: settings
            .name
            .clone()
            .or_else(|| image.map(|image| image.repository.to_string()))
            .unwrap_or_else(|| "image".to_owned()),
        version: Some(digest.to_string()),
        purl: image.and_then(|image| purl::oci(image, Some(&platform.architecture))),
        properties,
    }
}

fn unreadable_layout(path: &Path, error: &oci::Error) -> Failure {
    let exit = if error.kind() == ErrorKind::Local { Exit::Unknown } else { Exit::BadInput };
    let failure = Failure::new(exit, "read the image layout").subject(path.display()).because(error.cause());
    failure.state(UNTOUCHED).help("`path` must be an OCI image layout as a build tool writes it; build the image again")
}
