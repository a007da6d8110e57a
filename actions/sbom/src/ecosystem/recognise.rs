//! Which files matter, by their path alone.

/// Where a path was seen: the same name can mean different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A source tree.
    Tree,
    /// An image's file system.
    Image,
}

/// A file a reader exists for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `Cargo.lock`.
    CargoLock,
    /// `package-lock.json` or `npm-shrinkwrap.json`.
    PackageLock,
    /// `requirements*.txt` and files in a `requirements` folder.
    Requirements,
    /// `constraints*.txt`: read when a requirements file refers to it.
    Constraints,
    /// dpkg's status file or a file of status.d.
    Dpkg,
    /// The metadata of one installed Python distribution.
    PythonDist,
    /// os-release.
    OsRelease,
}

/// What a path promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognised {
    /// A reader exists.
    Read(Kind),
    /// It lists packages, but no reader exists yet; the words name what it is.
    NotCovered(&'static str),
    /// It lists no packages.
    Nothing,
}

/// File names that list packages and have no reader yet.
const NOT_COVERED: &[(&str, &str)] = &[
    ("Gemfile.lock", "Ruby gems"),
    ("Pipfile.lock", "Pipenv"),
    ("bun.lock", "Bun"),
    ("bun.lockb", "Bun"),
    ("composer.lock", "PHP Composer"),
    ("conan.lock", "Conan"),
    ("deno.lock", "Deno"),
    ("go.mod", "Go modules"),
    ("gradle.lockfile", "Gradle"),
    ("mix.lock", "Elixir"),
    ("packages.lock.json", "NuGet"),
    ("pdm.lock", "PDM"),
    ("pnpm-lock.yaml", "pnpm"),
    ("poetry.lock", "Poetry"),
    ("pom.xml", "Maven"),
    ("pubspec.lock", "Dart"),
    ("pylock.toml", "pylock"),
    ("uv.lock", "uv"),
    ("yarn.lock", "Yarn"),
];

/// Package databases in images that have no reader yet, by the start of their path.
const NOT_COVERED_IN_IMAGES: &[(&str, &str)] = &[
    ("lib/apk/db/installed", "Alpine packages"),
    ("usr/lib/apk/db/installed", "Alpine packages"),
    ("usr/lib/sysimage/rpm/rpmdb.sqlite", "RPM packages"),
    ("usr/lib/sysimage/rpm/Packages", "RPM packages"),
    ("var/lib/rpm/rpmdb.sqlite", "RPM packages"),
    ("var/lib/rpm/Packages", "RPM packages"),
    ("var/lib/rpmmanifest/container-manifest-2", "RPM packages"),
];

/// Folders of an image whose lockfiles belong to an installed package, not to the application.
const FOREIGN: &[&str] = &["node_modules/", "site-packages/", "dist-packages/", "usr/share/doc/", ".cargo/registry/"];

/// What `path` (relative, with `/`) promises in a tree or an image.
#[must_use]
pub fn recognise(path: &str, place: Place) -> Recognised {
    if place == Place::Image {
        if let Some(found) = in_image(path) {
            return found;
        }
        if FOREIGN.iter().any(|folder| path.contains(folder)) {
            return Recognised::Nothing;
        }
    }
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    match file {
        "Cargo.lock" => Recognised::Read(Kind::CargoLock),
        "package-lock.json" | "npm-shrinkwrap.json" => Recognised::Read(Kind::PackageLock),
        _ if file.ends_with(".txt") && file.contains("constraints") => Recognised::Read(Kind::Constraints),
        _ if is_requirements(folder, file) => Recognised::Read(Kind::Requirements),
        _ => NOT_COVERED
            .iter()
            .find(|(name, _)| *name == file)
            .map_or(Recognised::Nothing, |(_, what)| Recognised::NotCovered(what)),
    }
}

fn in_image(path: &str) -> Option<Recognised> {
    let dpkg = path.strip_prefix("var/lib/dpkg/");
    if dpkg == Some("status")
        || dpkg.and_then(|p| p.strip_prefix("status.d/")).is_some_and(|f| !f.ends_with(".md5sums"))
    {
        return Some(Recognised::Read(Kind::Dpkg));
    }
    if matches!(path, "etc/os-release" | "usr/lib/os-release") {
        return Some(Recognised::Read(Kind::OsRelease));
    }
    if is_python_dist(path) {
        return Some(Recognised::Read(Kind::PythonDist));
    }
    let database = NOT_COVERED_IN_IMAGES.iter().find(|(known, _)| *known == path);
    database.map(|(_, what)| Recognised::NotCovered(what))
}

/// `…/{site,dist}-packages/x.dist-info/METADATA`, `…/x.egg-info/PKG-INFO`, or `…/x.egg-info` as a file.
fn is_python_dist(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let file = parts.next().unwrap_or_default();
    let (folder, home) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let installed = |home: &str| matches!(home, "site-packages" | "dist-packages");
    (installed(home) && folder.ends_with(".dist-info") && file == "METADATA")
        || (installed(home) && folder.ends_with(".egg-info") && file == "PKG-INFO")
        || (installed(folder) && file.ends_with(".egg-info"))
}

/// `requirements.txt`, `requirements-dev.txt`, `dev-requirements.txt`, `requirements/base.txt`.
fn is_requirements(folder: &str, file: &str) -> bool {
    let Some(stem) = file.strip_suffix(".txt") else { return false };
    let word = |text: &str| text.split(['-', '_', '.']).any(|word| word == "requirements");
    word(stem) || folder.rsplit('/').next() == Some("requirements")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_promises_what_its_tool_would_put_there() {
        use {Kind::*, Place::*, Recognised::*};
        for (path, place, wanted) in [
            ("Cargo.lock", Tree, Read(CargoLock)),
            ("a/package-lock.json", Tree, Read(PackageLock)),
            ("requirements-dev.txt", Tree, Read(Requirements)),
            ("requirements/base.txt", Tree, Read(Requirements)),
            ("requirements/constraints.txt", Tree, Read(Constraints)),
            ("constraints.txt", Tree, Read(Constraints)),
            ("my_requirements.md", Tree, Nothing),
            ("yarn.lock", Tree, NotCovered("Yarn")),
            ("var/lib/dpkg/status", Tree, Nothing),
            ("var/lib/dpkg/status", Image, Read(Dpkg)),
            ("var/lib/dpkg/status-old", Image, Nothing),
            ("var/lib/dpkg/status.d/libc6", Image, Read(Dpkg)),
            ("var/lib/dpkg/status.d/libc6.md5sums", Image, Nothing),
            ("usr/lib/python3/dist-packages/a-1.dist-info/METADATA", Image, Read(PythonDist)),
            ("v/lib/python3.11/site-packages/a-1.egg-info/PKG-INFO", Image, Read(PythonDist)),
            ("v/lib/python3.11/site-packages/a-1.egg-info", Image, Read(PythonDist)),
            ("v/lib/python3.11/site-packages/a/vendored/b.dist-info/METADATA", Image, Nothing),
            ("app/Cargo.lock", Image, Read(CargoLock)),
            ("usr/lib/node_modules/npm/package-lock.json", Image, Nothing),
            ("lib/apk/db/installed", Image, NotCovered("Alpine packages")),
        ] {
            assert_eq!(recognise(path, place), wanted, "{path}");
        }
    }
}
