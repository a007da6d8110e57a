#![allow(clippy::print_stderr, reason = "a skipped check must be seen")]

use super::*;
use proptest::prelude::*;
use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Stdio},
};

enum Value<'a> {
    Text(&'a str),
    Texts(&'a [&'a str]),
    Numbers(&'a [u32]),
}

/// A header as rpm lays it out.
fn header(entries: &[(u32, Value<'_>)]) -> Vec<u8> {
    let (mut index, mut data) = (Vec::new(), Vec::new());
    for (tag, value) in entries {
        while data.len() % 4 != 0 {
            data.push(0);
        }
        let offset = data.len() as u32;
        let (kind, count) = match value {
            Value::Text(text) => {
                data.extend([text.as_bytes(), b"\0"].concat());
                (6, 1)
            }
            Value::Texts(texts) => {
                texts.iter().for_each(|text| data.extend([text.as_bytes(), b"\0"].concat()));
                (8, texts.len() as u32)
            }
            Value::Numbers(numbers) => {
                numbers.iter().for_each(|number| data.extend(number.to_be_bytes()));
                (4, numbers.len() as u32)
            }
        };
        [*tag, kind, offset, count].iter().for_each(|word| index.extend(word.to_be_bytes()));
    }
    let counts = [(index.len() / 16) as u32, data.len() as u32];
    [counts[0].to_be_bytes().to_vec(), counts[1].to_be_bytes().to_vec(), index, data].concat()
}

fn sample() -> Vec<Vec<u8>> {
    use Value::{Numbers, Text, Texts};
    let glibc = header(&[
        (tag::NAME, Text("glibc")),
        (tag::VERSION, Text("2.38")),
        (tag::RELEASE, Text("9.fc39")),
        (tag::ARCH, Text("x86_64")),
        (tag::LICENSE, Text("LGPL-2.1-or-later AND GPL-2.0-or-later")),
        (tag::VENDOR, Text("Fedora Project")),
        (tag::SOURCE_RPM, Text("glibc-2.38-9.fc39.src.rpm")),
        (tag::PROVIDES, Texts(&["glibc", "libc.so.6()(64bit)"])),
        (tag::SHA256, Text("AB12")),
    ]);
    let python = header(&[
        (tag::NAME, Text("python3-yaml")),
        (tag::VERSION, Text("6.0")),
        (tag::RELEASE, Text("1")),
        (tag::EPOCH, Numbers(&[1])),
        (tag::ARCH, Text("noarch")),
        (tag::MODULARITY_LABEL, Text("python:3.9")),
        (tag::REQUIRES, Texts(&["libc.so.6()(64bit)", "rpmlib(PayloadIsZstd)", "/usr/bin/env", "nowhere"])),
        (tag::REQUIRE_FLAGS, Numbers(&[0, 1 << 24, 0, 0])),
        (tag::DIR_NAMES, Texts(&["/usr/lib/site-packages/PyYAML.dist-info/", "/usr/bin/"])),
        (tag::DIR_INDEXES, Numbers(&[0, 1])),
        (tag::BASE_NAMES, Texts(&["METADATA", "yaml"])),
    ]);
    let coreutils = header(&[
        (tag::NAME, Text("coreutils")),
        (tag::VERSION, Text("9.3")),
        (tag::DIR_NAMES, Texts(&["/usr/bin/"])),
        (tag::DIR_INDEXES, Numbers(&[0])),
        (tag::BASE_NAMES, Texts(&["env"])),
    ]);
    let key = header(&[(tag::NAME, Text("gpg-pubkey")), (tag::VERSION, Text("18b8e74c"))]);
    vec![glibc, python, coreutils, key]
}

/// `Packages.db`, after rpm's own description of it.
fn ndb(blobs: &[Vec<u8>]) -> Vec<u8> {
    let word = |number: usize| (number as u32).to_le_bytes();
    let (mut slots, mut body) = (Vec::new(), Vec::new());
    for (index, blob) in blobs.iter().enumerate() {
        let offset = (4096 + body.len()) / 16;
        let mut whole = [*b"BlbS", word(index + 1), word(1), word(blob.len())].concat();
        whole.extend(blob);
        while (whole.len() + 12) % 16 != 0 {
            whole.push(0);
        }
        whole.extend([word(0), word(blob.len()), *b"BlbE"].concat());
        slots.extend([*b"Slot", word(index + 1), word(offset), word(whole.len() / 16)].concat());
        body.extend(whole);
    }
    let mut bytes = [*b"RpmP", word(0), word(7), word(1), word(blobs.len() + 1)].concat();
    bytes.resize(32, 0);
    bytes.extend(slots);
    while bytes.len() < 4096 {
        bytes.extend([*b"Slot", word(0), word(0), word(0)].concat());
    }
    [bytes, body].concat()
}

fn read(bytes: &[u8], kept: Kept<'_>) -> Result<Inventory, ParseError> {
    let fedora = Distribution { id: "fedora".into(), version: Some("39".into()), pretty: None };
    parse(bytes, kept, Some(&fedora), &|path| path.ends_with("METADATA").then(|| path.to_owned()))
}

#[test]
fn packages_have_purls_licences_edges_and_files() {
    let found = read(&ndb(&sample()), Kept::Ndb).unwrap();
    let purls: Vec<_> = found.packages.iter().map(|package| &package.origin).collect();
    let purl = |text: &str| Origin::Purl(text.to_owned());
    let wanted = [
        purl("pkg:rpm/fedora/glibc@2.38-9.fc39?arch=x86_64&distro=fedora-39&upstream=glibc-2.38-9.fc39.src.rpm"),
        purl("pkg:rpm/fedora/python3-yaml@6.0-1?arch=noarch&distro=fedora-39&epoch=1"),
        purl("pkg:rpm/fedora/coreutils@9.3?distro=fedora-39"),
    ];
    assert_eq!(purls, wanted.iter().collect::<Vec<_>>());
    let [glibc, python, _] = &found.packages[..] else { panic!("three packages") };
    assert_eq!(python.version.as_deref(), Some("1:6.0-1"));
    assert_eq!((&python.needs[..], python.needs_known), (&[0, 2][..], Knowledge::Incomplete));
    assert_eq!(glibc.checksums.first().map(|sum| (sum.algorithm, sum.hex.as_str())), Some(("SHA-256", "ab12")));
    assert_eq!(found.owned, [("usr/lib/site-packages/PyYAML.dist-info/METADATA".to_owned(), 1)]);
    let remarks: Vec<_> = found.remarks.iter().map(|remark| remark.text.as_str()).collect();
    assert_eq!(remarks, ["`python3-yaml` needs `nowhere`, which is not installed"]);
}

#[test]
fn distroless_mariner_has_a_list() {
    let line = |name: &str| {
        format!(
            "{name}\t2.35-7.cm2\t1700000000\t1690000000\tMicrosoft Corporation\t(none)\t1\tx86_64\t0\t{name}.src.rpm\n"
        )
    };
    let text = line("glibc") + &line("zlib");
    let found = read(text.as_bytes(), Kept::Manifest).unwrap();
    assert_eq!(found.packages[1].version.as_deref(), Some("2.35-7.cm2"));
    assert_eq!(found.packages[1].needs_known, Knowledge::Unknown);
    let lines: Vec<_> = (1..text.len()).map(|cut| read(&text.as_bytes()[..cut], Kept::Manifest)).collect();
    assert!(
        lines
            .iter()
            .enumerate()
            .all(|(cut, read)| read.is_err() || cut + 1 == text.len() / 2 + 1 || cut == line("glibc").len() - 1)
    );
}

/// Without the programs a test says loudly that it did not run, and fails where everything must run.
fn has(programs: &[&str]) -> bool {
    let there = |program: &&str| {
        let flag = if program.starts_with("db5") { "-V" } else { "--version" };
        Command::new(program).arg(flag).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    };
    let missing: Vec<_> = programs.iter().filter(|program| !there(program)).collect();
    if !missing.is_empty() {
        eprintln!("\n!!! SKIPPED: {missing:?} are not installed; `cargo xtask tools` installs them\n");
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{missing:?} must be installed where CI=true");
    }
    missing.is_empty()
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn rpm(folder: &Path, backend: &str, words: &[&str]) -> String {
    let define = format!("_db_backend {backend}");
    run(Command::new("rpm").arg("--dbpath").arg(folder).args(["--define", &define]).args(words))
}

/// Packages made by rpmbuild and installed into a database by rpm: one with a header of many pages.
fn real_database(folder: &Path) -> std::path::PathBuf {
    let spec = |name: &str, more: &str, files: usize| {
        let text = format!(
            "%define _binary_payload w1.gzdio\nName: {name}\nVersion: 1.2\nRelease: 3\nSummary: s\nLicense: MIT\nBuildArch: noarch\n{more}\n\
             %description\nd\n%install\nmkdir -p %{{buildroot}}/opt/{name}\nfor i in $(seq {files}); do echo $i > %{{buildroot}}/opt/{name}/some-file-$i; done\n\
             %files\n/opt/{name}\n"
        );
        fs::write(folder.join(format!("{name}.spec")), text).unwrap();
        folder.join(format!("{name}.spec"))
    };
    let alpha =
        spec("alpha", "Epoch: 2\nRequires: beta >= 1, /opt/beta/some-file-7, gone.so.1\nProvides: alpha-api = 7", 1);
    let beta = spec("beta", "Requires: alpha-api", 600);
    let many = (0..40).map(|number| spec(&format!("p{number}"), "Requires: beta", 1));
    let specs: Vec<_> = [alpha, beta].into_iter().chain(many).collect();
    let top = format!("_topdir {}", folder.join("top").display());
    run(Command::new("rpmbuild").args(["-bb", "--define", &top]).args(specs));
    let database = folder.join("sqlite");
    let packages: Vec<String> = fs::read_dir(folder.join("top/RPMS/noarch"))
        .unwrap()
        .map(|entry| entry.unwrap().path().display().to_string())
        .collect();
    let mut words = vec!["--justdb", "--nodeps", "-i"];
    words.extend(packages.iter().map(String::as_str));
    rpm(&database, "sqlite", &words);
    database
}

fn listed(inventory: &Inventory) -> BTreeSet<String> {
    inventory.packages.iter().map(|p| format!("{} {}", p.name, p.version.as_deref().unwrap())).collect()
}

/// What rpm itself says is installed.
fn oracle(folder: &Path, backend: &str) -> BTreeSet<String> {
    let format = "%{NAME} %|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\n";
    rpm(folder, backend, &["-qa", "--qf", format]).lines().map(str::to_owned).collect()
}

fn edges(inventory: &Inventory) -> BTreeSet<(String, String)> {
    let name = |index: usize| inventory.packages[index].name.clone();
    let of = |index: usize| inventory.packages[index].needs.iter().map(move |need| (index, *need));
    (0..inventory.packages.len()).flat_map(of).map(|(from, to)| (name(from), name(to))).collect()
}

#[test]
fn what_rpm_wrote_is_what_rpm_lists_in_sqlite_and_berkeley_db() {
    if !has(&["rpm", "rpmbuild", "db5.3_load"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let database = real_database(folder.path());
    let bytes = fs::read(database.join("rpmdb.sqlite")).unwrap();
    let found = read(&bytes, Kept::Sqlite { wal: None }).unwrap();
    assert_eq!(listed(&found), oracle(&database, "sqlite"));
    assert_eq!(found.packages.len(), 42);
    let edges_found = edges(&found);
    for (from, to) in [("alpha", "beta"), ("beta", "alpha"), ("p7", "beta")] {
        assert!(edges_found.contains(&(from.to_owned(), to.to_owned())), "{from} → {to}");
    }
    assert_eq!(edges_found.len(), 42);
    assert!(found.remarks.iter().all(|remark| remark.text.contains("gone.so.1")), "{:?}", found.remarks);

    // The same headers in Berkeley DB: nobody writes it any more, but its own loader does, and rpm still reads it.
    let headers = sqlite::packages(&bytes, None).unwrap();
    let key = |number: u32| hex::encode(number.to_le_bytes());
    let mut dump = "VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=4096\nHEADER=END\n".to_owned();
    dump += &format!(" {}\n {}\n", key(0), key(headers.len() as u32));
    for (number, header) in headers.iter().enumerate() {
        dump += &format!(" {}\n {}\n", key(number as u32 + 1), hex::encode(header));
    }
    fs::write(folder.path().join("dump"), dump + "DATA=END\n").unwrap();
    let berkeley = folder.path().join("bdb");
    fs::create_dir(&berkeley).unwrap();
    run(Command::new("db5.3_load").arg("-f").arg(folder.path().join("dump")).arg(berkeley.join("Packages")));
    let bytes = fs::read(berkeley.join("Packages")).unwrap();
    let again = read(&bytes, Kept::Berkeley).unwrap();
    assert_eq!(listed(&again), oracle(&berkeley, "bdb_ro"));
    assert_eq!(edges(&again), edges(&found));
    for cut in [0, 11, 30, 4095, 4096, bytes.len() / 2, bytes.len() - 1] {
        assert!(read(&bytes[..cut], Kept::Berkeley).is_err(), "cut at {cut}");
    }
}

#[test]
fn what_is_still_in_the_log_of_sqlite_counts() {
    if !has(&["sqlite3"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let insert = |blob: &Vec<u8>| format!("INSERT INTO Packages(blob) VALUES (x'{}');\n", hex::encode(blob));
    let [glibc, python, ..] = &sample()[..] else { panic!("samples") };
    let script = format!(
        "PRAGMA journal_mode=WAL;\nPRAGMA wal_autocheckpoint=0;\n\
         CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL);\n{}\
         PRAGMA wal_checkpoint(TRUNCATE);\n{}.shell cp db db-wal copy/\nDELETE FROM Packages WHERE hnum = 1;\n.shell cp db-wal copy/later\n",
        insert(glibc),
        insert(python),
    );
    fs::create_dir(folder.path().join("copy")).unwrap();
    fs::write(folder.path().join("script"), script).unwrap();
    let script = fs::File::open(folder.path().join("script")).unwrap();
    run(Command::new("sqlite3").arg("db").current_dir(folder.path()).stdin(script));
    let file = |name: &str| fs::read(folder.path().join("copy").join(name)).unwrap();
    let (bytes, wal, later) = (file("db"), file("db-wal"), file("later"));
    let names = |wal: Option<&[u8]>| {
        let found = read(&bytes, Kept::Sqlite { wal }).unwrap();
        found.packages.into_iter().map(|package| package.name).collect::<Vec<_>>()
    };
    assert_eq!(names(None), ["glibc"]);
    assert_eq!(names(Some(&[])), ["glibc"]);
    assert_eq!(names(Some(&wal)), ["glibc", "python3-yaml"]);
    assert_eq!(names(Some(&later)), ["python3-yaml"]);
    // A transaction that was not written to its end did not happen.
    assert_eq!(names(Some(&later[..later.len() - 1])), ["glibc", "python3-yaml"]);
    let mut foreign = wal.clone();
    foreign[20] ^= 1;
    assert!(read(&bytes, Kept::Sqlite { wal: Some(&foreign) }).unwrap_err().message.contains("another file"));
    for cut in [0, 15, 99, 100, 4096, bytes.len() - 1] {
        assert!(read(&bytes[..cut], Kept::Sqlite { wal: None }).is_err(), "cut at {cut}");
    }
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0xff;
        let _ = read(&damaged, Kept::Sqlite { wal: Some(&wal) });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_makes_it_panic_and_a_cut_never_gives_fewer(at: usize, byte: u8, cut: usize) {
        let whole = ndb(&sample());
        let mut damaged = whole.clone();
        let length = whole.len();
        damaged[at % length] = byte;
        for kept in [Kept::Ndb, Kept::Berkeley, Kept::Sqlite { wal: Some(&whole) }, Kept::Manifest] {
            let _ = read(&damaged, kept);
        }
        prop_assert!(read(&whole[..cut % length], Kept::Ndb).is_err());
        let blob = &sample()[at % 3];
        let _ = Header::new(&blob[..cut % blob.len()]).and_then(|header| record(&header).map(drop));
    }
}
