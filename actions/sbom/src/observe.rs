//! Reads the world: which image, which files, what they say. Changes nothing.

use crate::{
    ecosystem::{self, Place},
    graph::{Inventory, Root, RootKind},
    inputs::{Inputs, Settings, Source},
    layers::{History, Layer},
    purl,
    source::{
        image::{LookError, Looked, Past, Progress},
        tree::Tree,
    },
};
use evidence::Evidence;
use github::{Exit, Failure, Runner};
use oci::{
    Daemon, ErrorKind,
    image::{Archive, Image, LayerBlob},
    layout::Layout,
};
use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};
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
    /// Which layer of an image shipped what.
    pub history: History,
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
            let image = pinned.repository.image(fetched.digest);
            if image != pinned {
                let platform = &settings.platform;
                runner.notice(format!("{pinned} is an index; describing its image for {platform}, {}", image.digest));
            }
            let root = image_root(settings, Some(&image), &fetched);
            let mut facts = from_image(runner, fetched, (image.to_string(), Exit::Unknown)).await?;
            facts.root = Some(root);
            facts.image = Some((image, evidence));
            Ok(facts)
        }
        Source::Path(path) if path.join("oci-layout").is_file() => {
            runner.info(format!("reading the image layout {}", path.display()));
            let named = settings.local_image.as_deref();
            let opened = Layout::open(path).and_then(|layout| Image::open(&layout, named, &settings.platform));
            from_disk(runner, settings, opened, shown(runner, path)).await
        }
        Source::Path(path) if Archive::is_likely(path) => {
            runner.info(format!("reading the image archive {}", path.display()));
            let named = settings.local_image.as_deref();
            let opened = Archive::open(path).and_then(|archive| archive.image(named, &settings.platform));
            from_disk(runner, settings, opened, shown(runner, path)).await
        }
        Source::Engine(name) => {
            runner.info(format!("taking the image {name} from the container engine"));
            let engine = Daemon::at(settings.engine.as_deref());
            let saved = engine.and_then(|engine| engine.save(name));
            let opened = saved.and_then(|file| Archive::of(file, format!("the engine's image {name}")));
            let opened = opened.and_then(|archive| archive.image(None, &settings.platform));
            from_disk(runner, settings, opened, name.clone()).await
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
    let history = History::default();
    Ok(Facts { inventories, root, image: None, digest: None, created: None, subject, history })
}

/// An image that is in no registry.
async fn from_disk<'r>(
    runner: &Runner,
    settings: &Settings,
    opened: Result<Image, oci::Error>,
    subject: String,
) -> Result<Facts<'r>, Failure> {
    let opened = opened.map_err(|error| unreadable(&subject, &error))?;
    let root = image_root(settings, None, &opened);
    let mut facts = from_image(runner, opened, (subject, Exit::BadInput)).await?;
    facts.root = Some(root);
    Ok(facts)
}

/// The layers are read away from the runtime's thread, so that a signal is heard meanwhile.
async fn from_image<'r>(runner: &Runner, image: Image, (subject, exit): (String, Exit)) -> Result<Facts<'r>, Failure> {
    let digest = image.digest;
    let created = image.config.created.as_deref().and_then(|created| created.parse().ok());
    let mut history = History::new(layers(&image));
    let failed = |error: &dyn std::fmt::Display| {
        let failure = Failure::new(exit, "read the layers of").subject(&subject).because(error).state(UNTOUCHED);
        failure.help("build the image again with a tool that writes OCI layers, and describe that one")
    };
    let looked = look(runner, image).await.map_err(|error| failed(&error))?;
    let Looked { now, past } = looked.map_err(|error| match error {
        LookError::Image(error) => failed(&error.cause()),
        error @ LookError::TooMuch { .. } => failed(&error),
    })?;
    for Past { layer, files, hidden_by } in past {
        history.add(layer, &hidden_by, &ecosystem::inventories_of_the_past(files, &now));
    }
    let inventories = ecosystem::inventories(now, Place::Image, &|_| None);
    Ok(Facts { inventories, root: None, image: None, digest: Some(digest), created, subject, history })
}

/// Between two lines about a scan that goes on.
const EVERY: Duration = Duration::from_secs(5);

/// Looks on another thread, and says now and then how far it has come.
async fn look(runner: &Runner, image: Image) -> Result<Result<Looked, LookError>, tokio::task::JoinError> {
    let progress = Arc::new(Progress::default());
    let watched = Arc::clone(&progress);
    let mut looking = tokio::task::spawn_blocking(move || crate::source::image::look(&image, &watched));
    loop {
        tokio::select! {
            looked = &mut looking => return looked,
            () = tokio::time::sleep(EVERY) => runner.info(format!("reading layers: {progress}")),
        }
    }
}

/// An image's layers with the commands that made them. Steps that left no layer are in the history all the same.
fn layers(image: &Image) -> Vec<Layer> {
    let mut steps = image.config.history.iter().filter(|step| !step.empty_layer);
    let layer = |layer: &LayerBlob| Layer {
        digest: layer.descriptor.digest.to_string(),
        diff_id: layer.diff_id.to_string(),
        created_by: steps.next().map(|step| step.created_by.clone()).filter(|command| !command.is_empty()),
    };
    image.layers.iter().map(layer).collect()
}

fn image_root(settings: &Settings, image: Option<&ImageRef>, fetched: &Image) -> Root {
    let platform = &fetched.config.platform;
    let digest = fetched.digest;
    let mut properties = BTreeMap::from([("lockkeeper:oci:platform", platform.to_string())]);
    properties.insert("lockkeeper:oci:layers", fetched.layers.len().to_string());
    properties.extend(base(fetched));
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

/// The image it was built on, as its builder noted it (image-spec 1.1 "Pre-Defined Annotation Keys"): on the manifest, else
/// as labels.
fn base(fetched: &Image) -> impl Iterator<Item = (&'static str, String)> {
    let noted = |key: &str| {
        let manifest = fetched.manifest.as_ref().and_then(|manifest| manifest.annotations().get(key));
        manifest.or_else(|| fetched.config.config.labels.get(key)).filter(|value| !value.is_empty()).cloned()
    };
    let name = noted("org.opencontainers.image.base.name").map(|name| ("lockkeeper:oci:base-name", name));
    let digest = noted("org.opencontainers.image.base.digest").map(|digest| ("lockkeeper:oci:base-digest", digest));
    name.into_iter().chain(digest)
}

fn unreadable(subject: &str, error: &oci::Error) -> Failure {
    let unknown = matches!(error.kind(), ErrorKind::Local | ErrorKind::Temporary);
    let exit = if unknown { Exit::Unknown } else { Exit::BadInput };
    let failure = Failure::new(exit, "read the image").subject(subject).because(error.cause());
    failure.state(UNTOUCHED).help(
        "an image on disk is an OCI layout, as a folder or an archive, or what `docker save` writes; \
         `local-image` names one of several",
    )
}
