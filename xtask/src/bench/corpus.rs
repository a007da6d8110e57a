//! Which components `sbom` and its peers list of real projects and images: what somebody else lists and we do not is
//! explained in `tests/peers/differences.tsv`, or it is a fault.

use super::{
    peers::{self, Peer},
    purls::{self, Purls},
    sbom,
};
use crate::shell::{root, target};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

/// What to compare on.
#[derive(clap::Args)]
pub(crate) struct Corpus {
    /// Folders whose subfolders are projects with lockfiles or OCI image layouts, one item each
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    /// Our program; by default the release tree's
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Only items whose name holds this
    #[arg(long, default_value = "")]
    only: String,
}

/// A difference that is known, with its reason: patterns of the item and of the purl, in which `*` stands for any text.
struct Known {
    item: String,
    purl: String,
    reason: String,
}

/// What everybody lists of an item.
struct Listed {
    item: String,
    ours: Purls,
    /// What we list as the project's own, which has no purl.
    own: BTreeSet<String>,
    theirs: Vec<(&'static str, Option<Purls>)>,
}

/// Has everybody list everything, and prints a table; fails for a difference that nobody has explained.
pub(super) fn run(options: &Corpus) -> Result<()> {
    let ours = options.binary.clone().unwrap_or_else(|| target().join("dist/bin/linux-x64/lockkeeper"));
    let (peers, known) = (peers::installed(), known()?);
    let folder = target().join("bench/corpus");
    fs::create_dir_all(&folder)?;
    println!("| item | lockkeeper | {} | only theirs |", peers.iter().map(|p| p.name).collect::<Vec<_>>().join(" | "));
    println!("|---|---:|{}---|", "---:|".repeat(peers.len()));
    let (mut items, mut faults, mut used) = (0, Vec::new(), BTreeMap::new());
    for path in items_of(&options.folders)? {
        let item = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !item.contains(&options.only) {
            continue;
        }
        let listed = listed(&item, &path, &ours, &peers)?;
        items += 1;
        let unexplained = tell(&listed, &known, &mut used);
        faults.extend(unexplained.into_iter().map(|purl| format!("{item}\t{purl}")));
    }
    println!("\n{items} items. What only others list, by reason:");
    used.iter().for_each(|(reason, count)| println!("- {count}: {reason}"));
    fs::write(folder.join("unexplained.tsv"), faults.join("\n"))?;
    if faults.is_empty() {
        return Ok(());
    }
    bail!("{} differences are not explained; see {}", faults.len(), folder.join("unexplained.tsv").display())
}

/// Every subfolder, sorted.
fn items_of(folders: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut items = Vec::new();
    for folder in folders {
        for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            items.extend(Some(entry?.path()).filter(|path| path.is_dir()));
        }
    }
    items.sort();
    Ok(items)
}

fn listed(item: &str, path: &Path, ours: &Path, peers: &[Peer]) -> Result<Listed> {
    let folder = target().join("bench/corpus");
    let input = sbom::input(path, &folder)?;
    let output = folder.join("listed.json");
    let read = |mut command: std::process::Command| -> Result<Option<Value>> {
        if output.exists() {
            fs::remove_file(&output)?;
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        let Ok(bytes) = fs::read(&output) else { return Ok(None) };
        Ok(serde_json::from_slice(&bytes).ok())
    };
    let mut own = sbom::describe(ours, &input, &output);
    own.args(["--strict=false", "--allow-empty"]);
    let document = read(own)?.with_context(|| format!("{item}: nothing was written"))?;
    let theirs = peers.iter().map(|peer| {
        let document = read(peer.describe(&input, &output))?;
        Ok((peer.name, document.map(|document| purls::of(&document))))
    });
    let (ours, own) = (purls::of(&document), purls::own(&document));
    Ok(Listed { item: item.to_owned(), ours, own, theirs: theirs.collect::<Result<_>>()? })
}

/// Prints the row of an item; what only others list and nobody has explained.
fn tell(listed: &Listed, known: &[Known], used: &mut BTreeMap<String, usize>) -> Vec<String> {
    let mut only: BTreeMap<&String, Vec<&str>> = BTreeMap::new();
    for (peer, theirs) in &listed.theirs {
        let others = theirs.iter().flatten().filter(|purl| !listed.ours.contains(*purl));
        for purl in others.filter(|purl| !purls::names(purl, &listed.own)) {
            only.entry(purl).or_default().push(peer);
        }
    }
    let mut unexplained = Vec::new();
    for (purl, who) in &only {
        match known.iter().find(|known| like(&known.item, &listed.item) && like(&known.purl, purl)) {
            Some(known) => *used.entry(known.reason.clone()).or_default() += 1,
            None => unexplained.push(format!("{purl}\t{}", who.join(", "))),
        }
    }
    let count = |purls: &Option<Purls>| purls.as_ref().map_or_else(|| "failed".to_owned(), |p| p.len().to_string());
    let theirs: Vec<String> = listed.theirs.iter().map(|(_, purls)| count(purls)).collect();
    let verdict = match (only.len(), unexplained.len()) {
        (0, _) => String::new(),
        (all, 0) => format!("{all}, explained"),
        (all, open) => format!("{all}, **{open} not explained**"),
    };
    println!("| {} | {} | {} | {verdict} |", listed.item, listed.ours.len(), theirs.join(" | "));
    unexplained
}

fn known() -> Result<Vec<Known>> {
    let text = fs::read_to_string(root().join("tests/peers/differences.tsv"))?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let mut fields = line.splitn(3, '\t').map(str::to_owned);
            let (item, purl, reason) = (fields.next(), fields.next(), fields.next());
            let known = || Some(Known { item: item?, purl: purl?, reason: reason? });
            known().with_context(|| format!("differences.tsv: `{line}` has fewer than three fields"))
        })
        .collect()
}

/// Whether a text is one that a pattern stands for.
fn like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, wanted) in [
            ("*", "", true),
            ("a", "a", true),
            ("a", "ab", false),
            ("a*c", "abc", true),
            ("a*c", "abcd", false),
            ("pkg:npm/*@1*", "pkg:npm/x@1.0", true),
            ("*b*", "abc", true),
        ] {
            assert_eq!(like(pattern, text), wanted, "{pattern} {text}");
        }
    }
}
