//! The `package.json` files of a project: its root's and those its `workspaces` name.

use super::{beside, manifest::Manifest};
use crate::ecosystem::{Found, Surroundings};
use globset::{GlobBuilder, GlobSetBuilder};

/// More workspaces than any project has.
const MOST: usize = 10_000;

/// The manifests of the project whose lockfile was found, the root's first; none when there is none beside the lockfile.
pub(super) fn manifests(found: &Found, surroundings: &Surroundings<'_>) -> Vec<Vec<u8>> {
    let Some(root) = surroundings.file(&beside(found, "package.json")) else { return Vec::new() };
    let folder = found.place.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let globs = Manifest::of_bytes(&root).map(|manifest| manifest.workspaces).unwrap_or_default();
    let globs: Vec<String> = globs.iter().map(|glob| glob.to_string()).collect();
    let (without, with): (Vec<&str>, Vec<&str>) =
        globs.iter().map(String::as_str).partition(|glob| glob.starts_with('!'));
    let set = |globs: &[&str]| {
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            let glob = glob.trim_start_matches(['!', '.', '/']).trim_end_matches('/');
            let glob = format!("{glob}/package.json");
            set.add(GlobBuilder::new(&glob).literal_separator(true).build().ok()?);
        }
        set.build().ok()
    };
    let mut found = vec![root];
    if let (false, Some(with), Some(without)) = (with.is_empty(), set(&with), set(&without)) {
        let inside = |path: &&str| {
            let path = path[folder.len()..].trim_start_matches('/');
            with.is_match(path) && !without.is_match(path)
        };
        let paths = surroundings.below(folder, "package.json").filter(inside).take(MOST);
        found.extend(paths.filter_map(|path| surroundings.file(path)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ecosystem::Place, graph};

    #[test]
    fn workspaces_are_found_by_their_globs() {
        let paths = [
            "x/a/package.json",
            "x/apps/b/package.json",
            "x/apps/old/package.json",
            "x/package.json",
            "y/package.json",
        ];
        let known: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let read = |path: &str| match path {
            "x/package.json" => Some(br#"{"workspaces":{"packages":["./apps/*","!apps/old","a/"]}}"#.to_vec()),
            path => paths.contains(&path).then(|| path.as_bytes().to_vec()),
        };
        let surroundings = Surroundings::new(Place::Tree, &read).knowing(&known);
        let found = Found { place: graph::Place { path: "x/yarn.lock".into(), layer: None }, bytes: Vec::new() };
        let manifests = manifests(&found, &surroundings);
        assert_eq!(manifests[1..], [b"x/a/package.json".to_vec(), b"x/apps/b/package.json".to_vec()]);
    }
}
