//! Makes the first corpus of every target from the fixtures of the tests: `seeds <repository> <corpus>`.

use lockkeeper_fuzz::NEXT_FILE;
use sbom::ecosystem::{Candidate, FORMATS, Place, recognise};
use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// Each family of formats with a path that one of its readers claims.
const FAMILIES: [(&str, &str); 16] = [
    ("actions", ".github/workflows/ci.yml"),
    ("conan", "conan.lock"),
    ("conda", "conda-lock.yml"),
    ("dart", "pubspec.lock"),
    ("distro", "var/lib/dpkg/status"),
    ("dotnet", "packages.lock.json"),
    ("elixir", "mix.lock"),
    ("golang", "go.mod"),
    ("java", "pom.xml"),
    ("javascript", "package-lock.json"),
    ("php", "composer.lock"),
    ("python", "requirements.txt"),
    ("ruby", "Gemfile.lock"),
    ("rust", "Cargo.lock"),
    ("swift", "Package.resolved"),
    ("terraform", ".terraform.lock.hcl"),
];

/// Fixtures above this slow a target down more than they show it.
const LARGEST: u64 = 100_000;

fn main() -> io::Result<()> {
    let mut args = env::args_os().skip(1).map(PathBuf::from);
    let (Some(root), Some(corpus)) = (args.next(), args.next()) else {
        return Err(io::Error::other("usage: seeds <repository> <corpus>"));
    };
    let mut fixtures = Vec::new();
    for room in ["actions", "crates", "tests"] {
        gather(&root.join(room), &mut fixtures)?;
    }
    fixtures.sort();
    for path in &fixtures {
        let name = path.strip_prefix(&root).unwrap_or(path).to_string_lossy().replace('/', "-");
        for (target, seed) in seeds(path)? {
            let folder = corpus.join(target);
            fs::create_dir_all(&folder)?;
            fs::write(folder.join(&name), seed)?;
        }
    }
    Ok(())
}

/// Every file below a folder named `tests` that is small enough.
fn gather(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
        if kind.is_dir() && !path.ends_with("target") {
            gather(&path, found)?;
        } else if kind.is_file()
            && path.iter().any(|part| part == "tests")
            && path.extension().is_none_or(|extension| extension != "rs")
            && fs::metadata(&path)?.len() <= LARGEST
        {
            found.push(path);
        }
    }
    Ok(())
}

/// What a fixture is good for.
fn seeds(path: &Path) -> io::Result<Vec<(&'static str, Vec<u8>)>> {
    let (bytes, name) = (fs::read(path)?, path.file_name().unwrap_or_default().to_string_lossy().into_owned());
    let mut seeds = Vec::new();
    if let Some((target, inside)) = reader(path, &name) {
        let mut seed = [inside.as_bytes(), b"\n", &bytes].concat();
        // A manifest beside a lockfile is asked for; an executable has no neighbours.
        let manifests =
            ["Cargo.toml", "package.json", "pyproject.toml", "go.sum", "composer.json", "pubspec.yaml", "Pipfile"];
        for neighbour in manifests.into_iter().filter(|_| target != "executable") {
            if let Ok(content) = fs::read(path.with_file_name(neighbour)) {
                seed.extend([NEXT_FILE, neighbour.as_bytes(), b"\n", &content].concat());
            }
        }
        seeds.push((target, seed));
    }
    let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
    if ends(&[".json"]) {
        seeds.extend(["bill", "bundle", "journal", "manifest"].map(|target| (target, bytes.clone())));
    }
    if ends(&[".json", ".yml", ".yaml"]) {
        seeds.extend(["canary", "document"].map(|target| (target, bytes.clone())));
    }
    if name == "jsonpath-cts.jsonl" {
        seeds.extend(queries(&bytes));
    }
    if ends(&[".tar", ".tar.gz", ".tar.zst", ".tgz"]) {
        seeds.push(("layer", bytes.clone()));
    }
    if ends(&[".txt"]) {
        let lines = String::from_utf8_lossy(&bytes).lines().take(40).collect::<Vec<_>>().join("\n");
        seeds.push(("words", lines.into_bytes()));
    }
    Ok(seeds)
}

/// Each test of the JSONPath Compliance Test Suite as its query and its document, and as an answer that brings it.
fn queries(suite: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let tests =
        suite.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok());
    let seeds = tests.flat_map(|test| {
        let (query, document) = (test["selector"].as_str().unwrap_or_default(), test["document"].to_string());
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{document}", document.len());
        [("query", format!("{query}\n{document}").into_bytes()), ("answer", answer.into_bytes())]
    });
    seeds.collect()
}

/// The target whose family reads this file, and the path it is given there: the fixture's own, as short as is understood.
fn reader(path: &Path, name: &str) -> Option<(&'static str, String)> {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    let tails = (1..=parts.len().min(8)).map(|count| parts[parts.len() - count..].join("/"));
    let known = [
        "var/lib/dpkg/status",
        "var/lib/rpm/rpmdb.sqlite",
        "var/lib/rpm/Packages.db",
        "var/lib/rpm/Packages",
        "lib/apk/db/installed",
    ];
    let homes = known.into_iter().filter(|home| home.ends_with(&format!("/{name}"))).map(str::to_owned);
    let mut candidates = tails.chain(homes).flat_map(|tail| [(tail.clone(), Place::Tree), (tail, Place::Image)]);
    candidates.find_map(|(tail, place)| {
        let family = family(&tail, place)?;
        let target = FAMILIES.iter().find(|(_, path)| {
            family == self::family(path, Place::Tree).or_else(|| self::family(path, Place::Image)).unwrap_or(usize::MAX)
        });
        Some((target.map_or("executable", |(target, _)| target), tail))
    })
}

/// Which family claims a path.
fn family(path: &str, place: Place) -> Option<usize> {
    let format = recognise(&Candidate { path, place, size: 1 << 20, executable: true })?;
    FORMATS.iter().position(|family| family.iter().any(|own| std::ptr::eq(own, format)))
}
