//! Jars, wars and ears, and those within them: each is a package that contains others.

use super::{
    archive::{Archive, Budget, Member},
    identity::{Described, add_checksums, by_name},
    manifest::Manifest,
    pom,
};
use crate::{
    ecosystem::{Found, ParseError, shorten},
    graph::{Ecosystem, FindingKind, Inventory, Knowledge, Package, Place},
};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// An ear holds wars, which hold jars, and some of these hold jars.
const DEEPEST: usize = 4;
/// More archives than any file holds.
const MOST_ARCHIVES: usize = 10_000;
/// What is unpacked of one file, all archives within it together.
const LARGEST_TOTAL: u64 = 512 << 20;
/// The largest archive within another.
const LARGEST_ARCHIVE: u64 = 256 << 20;
/// The largest of Maven's files and manifests: signed jars list every class in theirs.
const LARGEST_TEXT: u64 = 16 << 20;

/// The longest path of an archive within another, in bytes; a longer one is shortened.
const LONGEST_PATH: usize = 1000;

/// The endings of Java's archives.
const ENDINGS: &[&str] = &["jar", "war", "ear", "par", "sar", "nar", "jpi", "hpi", "lpkg"];

/// Whether a path ends like one of Java's archives.
#[must_use]
pub fn is_archive(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// The package an archive is and all those within it.
///
/// What one needs is known where its `pom.xml` is in it, and leads to what is in the same file; what nothing else needs hangs
/// on the archive that contains it.
///
/// # Errors
/// [`ParseError`], always of line 1, when the file is no archive, damaged or hostile. An archive within it that is so is a finding.
pub fn read(found: &Found) -> Result<Vec<Inventory>, ParseError> {
    let mut reading = Reading::default();
    if found.bytes.starts_with(b"version https://git-lfs.github.com/spec/") {
        reading.inventory.direct = Some(Vec::new());
        reading.inventory.finding(FindingKind::Partial, None, "its content is kept in Git LFS and was not fetched");
        return Ok(vec![reading.inventory]);
    }
    let outer = Outer { path: String::new(), name: &found.place.path, within: None, depth: 0 };
    reading.archive(&found.bytes, &outer).map_err(|why| ParseError::at(1, why))?;
    Ok(vec![reading.conclude()])
}

/// An archive and where it is.
struct Outer<'a> {
    /// Where it is in the file: empty for the file itself, else after `!/`.
    path: String,
    /// The path that ends with its name.
    name: &'a str,
    /// The package of the archive it is in.
    within: Option<usize>,
    depth: usize,
}

struct Reading {
    inventory: Inventory,
    budget: Budget,
    archives: usize,
    /// What the packages with a `pom.xml` need, by group and artifact.
    wanted: Vec<(usize, Vec<(String, String)>)>,
    named: HashMap<(String, String), Vec<usize>>,
}

/// What of an archive matters.
#[derive(Default)]
struct Contents<'a> {
    manifest: Option<Member<'a>>,
    /// `pom.properties` and `pom.xml` by their folder.
    maven: BTreeMap<&'a [u8], [Option<Member<'a>>; 2]>,
    archives: Vec<Member<'a>>,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            inventory: Inventory::new(Ecosystem::Maven),
            budget: Budget(LARGEST_TOTAL),
            archives: 0,
            wanted: Vec::new(),
            named: HashMap::new(),
        }
    }
}

impl Reading {
    /// Reads an archive and what is within it.
    fn archive(&mut self, bytes: &[u8], outer: &Outer<'_>) -> Result<(), String> {
        let archive = Archive::open(bytes).map_err(|error| error.to_string())?;
        let contents = contents(&archive);
        self.archives += 1;
        let file = self.inventory.files.len();
        self.inventory.files.push(Place { path: outer.path.clone(), layer: None });
        let described = self.described(&archive, &contents)?;
        let manifest = match &contents.manifest {
            Some(member) => Manifest::parse(&self.text(&archive, member)?),
            None => Manifest::default(),
        };
        let stem = stem(outer.name);
        let own = itself(&described, stem);
        let first = self.inventory.packages.len();
        let sha1 = sha1_smol::Sha1::from(bytes).digest().to_string();
        let package = own.and_then(|own| described[own].package()).or_else(|| by_name(stem, &manifest, &sha1));
        let mut package = package.ok_or("cannot be named: neither by what is in it nor by its file's name")?;
        if own.is_none_or(|own| described[own].fits(stem)) {
            add_checksums(&mut package, &sha1, hex::encode(Sha256::digest(bytes)));
        }
        (package.file, package.within) = (file, outer.within);
        self.inventory.packages.push(package);
        for (index, described) in described.iter().enumerate() {
            let at = if Some(index) == own { Some(first) } else { self.bundled(described, file, first) };
            if let Some(at) = at {
                self.named.entry((described.group.clone(), described.artifact.clone())).or_default().push(at);
                self.wanted.extend(described.needs.clone().map(|needs| (at, needs)));
            }
        }
        for member in &contents.archives {
            self.inner(&archive, member, outer, first);
        }
        Ok(())
    }

    /// An artifact whose classes were packed into another's jar.
    fn bundled(&mut self, described: &Described, file: usize, within: usize) -> Option<usize> {
        let mut package = described.package()?;
        (package.file, package.within) = (file, Some(within));
        self.inventory.packages.push(package);
        Some(self.inventory.packages.len() - 1)
    }

    /// An archive within another. What is wrong with it leaves the rest as it is.
    fn inner(&mut self, archive: &Archive<'_>, member: &Member<'_>, outer: &Outer<'_>, within: usize) {
        let name = String::from_utf8_lossy(member.name);
        let name = if name.len() > LONGEST_PATH { shorten(&name) } else { name.into_owned() };
        let path = format!("{}!/{name}", outer.path);
        let bounded = |why: String| (FindingKind::Partial, format!("{why}: nothing of this archive is listed"));
        let read = if outer.depth + 1 >= DEEPEST {
            Err(bounded(format!("within {DEEPEST} other archives")))
        } else if self.archives >= MOST_ARCHIVES {
            Err(bounded(format!("one of more than {MOST_ARCHIVES} archives in one file")))
        } else {
            let read = archive.read(member, LARGEST_ARCHIVE, &mut self.budget).map_err(|error| error.to_string());
            let inner = Outer { path: path.clone(), name: &path, within: Some(within), depth: outer.depth + 1 };
            read.and_then(|bytes| self.archive(&bytes, &inner)).map_err(|why| (FindingKind::Broken, why))
        };
        if let Err((kind, why)) = read {
            self.inventory.finding(kind, None, why);
            if let Some(remark) = self.inventory.remarks.last_mut() {
                remark.path = path;
            }
        }
    }

    fn text(&mut self, archive: &Archive<'_>, member: &Member<'_>) -> Result<Vec<u8>, String> {
        let read = archive.read(member, LARGEST_TEXT, &mut self.budget);
        read.map(std::borrow::Cow::into_owned).map_err(|error| error.to_string())
    }

    /// The artifacts an archive has Maven's files of.
    fn described(&mut self, archive: &Archive<'_>, contents: &Contents<'_>) -> Result<Vec<Described>, String> {
        let mut described = Vec::new();
        for [properties, pom] in contents.maven.values() {
            let properties = properties.as_ref().map(|member| self.text(archive, member)).transpose()?;
            let pom = pom.as_ref().map(|member| self.text(archive, member)).transpose()?;
            // A pom.xml that is none takes nothing from what pom.properties says.
            let pom = pom.and_then(|pom| pom::parse(&pom).ok());
            described.extend(Described::new(properties.as_deref(), pom.as_ref()));
        }
        Ok(described)
    }

    /// Draws the edges, and hangs on an archive what it contains and nothing else needs.
    fn conclude(mut self) -> Inventory {
        let packages = &mut self.inventory.packages;
        for (index, needs) in &self.wanted {
            for name in needs {
                match self.named.get(name).map(Vec::as_slice) {
                    Some([only]) => packages[*index].needs.push(*only),
                    _ => packages[*index].needs_known = packages[*index].needs_known.min(Knowledge::Incomplete),
                }
            }
        }
        hang(packages);
        self.inventory.direct = Some(vec![0]);
        self.inventory
    }
}

/// What cannot be reached from the outermost archive hangs on the archive it is in, those within others last.
fn hang(packages: &mut [Package]) {
    let mut reached = BTreeSet::new();
    reach(packages, 0, &mut reached);
    for index in 1..packages.len() {
        if let Some(within) = packages[index].within.filter(|_| !reached.contains(&index)) {
            packages[within].needs.push(index);
            packages[within].needs_known = packages[within].needs_known.min(Knowledge::Incomplete);
            reach(packages, index, &mut reached);
        }
    }
}

fn reach(packages: &[Package], from: usize, reached: &mut BTreeSet<usize>) {
    let mut open = vec![from];
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(&packages[next].needs);
        }
    }
}

fn contents<'a>(archive: &Archive<'a>) -> Contents<'a> {
    let mut contents = Contents::default();
    for member in &archive.members {
        let name = member.name;
        if name.eq_ignore_ascii_case(b"META-INF/MANIFEST.MF") {
            contents.manifest.get_or_insert(*member);
        } else if name.starts_with(b"META-INF/maven/") {
            let (folder, file) = name.split_at(name.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1));
            match file {
                b"pom.properties" => contents.maven.entry(folder).or_default()[0] = Some(*member),
                b"pom.xml" => contents.maven.entry(folder).or_default()[1] = Some(*member),
                _ => {}
            }
        } else if std::str::from_utf8(name).is_ok_and(is_archive) {
            contents.archives.push(*member);
        }
    }
    contents
}

/// Which of the artifacts in an archive the archive is: the one its file is named after, the longest name of several; or the
/// only one there is, since files are often renamed.
fn itself(described: &[Described], stem: &str) -> Option<usize> {
    let fitting = (0..described.len()).filter(|index| described[*index].fits(stem));
    let longest = fitting.max_by_key(|index| described[*index].artifact.len());
    longest.or((described.len() == 1).then_some(0))
}

/// The name of a file without folders and ending.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
#[path = "jar_tests.rs"]
mod tests;
