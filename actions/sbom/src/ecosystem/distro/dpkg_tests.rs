use super::*;

const STATUS: &str = "Package: app
Status: install ok installed
Maintainer: A <a@example.com>
Architecture: amd64
Source: app-src (1.0)
Version: 1:1.0-1+b1
Depends: libc6 (>= 2.34), mail-agent | exim, perl:any,
 libgone
Description: folded
 .
 text: not a field

Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9

Package: libc6
Status: install ok installed
Architecture: i386
Version: 2.36-9

Package: postfix
Status: hold ok installed
Architecture: amd64
Version: 3.7
Provides: mail-agent (= 1), x

Package: perl
Status: install ok installed
Architecture: i386
Version: 5.36

Package: removed
Status: deinstall ok config-files
Version: 1
";

fn debian() -> Distribution {
    super::super::os_release::parse(b"ID=debian\nVERSION_ID=\"12\"\n").unwrap()
}

fn read(text: &str) -> Inventory {
    let stanzas = stanzas(text.as_bytes(), Layout::Whole).unwrap().into_iter().map(|stanza| (0, stanza)).collect();
    inventory(stanzas, Some(&debian())).unwrap()
}

#[test]
fn installed_packages_are_listed_with_epoch_architecture_and_source() {
    let inventory = read(STATUS);
    let Origin::Purl(purl) = &inventory.packages[0].origin else { panic!("own") };
    assert_eq!(purl, "pkg:deb/debian/app@1:1.0-1%2Bb1?arch=amd64&distro=debian-12&upstream=app-src%401.0");
    assert_eq!(inventory.packages.len(), 5, "what is only configuration files is not installed");
    assert_eq!(inventory.packages[1].line, Some(13));
}

#[test]
fn a_need_is_met_in_its_own_architecture_by_name_or_by_what_is_provided() {
    let inventory = read(STATUS);
    assert_eq!(inventory.packages[0].needs, [1, 3, 4]);
    assert_eq!(inventory.packages[0].needs_known, Knowledge::Incomplete);
    assert_eq!(inventory.remarks.len(), 1);
    assert!(inventory.remarks[0].text.contains("`libgone`"));
}

#[test]
fn a_stanza_without_status_is_installed_as_in_distroless_images() {
    let inventory = read("Package: tzdata\nVersion: 2024a\nArchitecture: all\n");
    assert_eq!(inventory.packages.len(), 1);
}

#[test]
fn a_damaged_database_is_refused_with_its_line() {
    for (text, line, wanted) in [
        ("Package: a\nVersion: 1\nArchi", 3, "middle of a line"),
        ("Package: a\nStatus: install ok installed\n", 1, "without `version`"),
        ("\n\nVersion: 1\n", 3, "without `package`"),
        ("Package: a\nnonsense\n", 2, "no `Field: value`"),
        (" dangling\n", 1, "continuation of nothing"),
    ] {
        let error = stanzas(text.as_bytes(), Layout::Whole).unwrap_err();
        assert_eq!(error.line, line, "{text}: {error}");
        assert!(error.message.contains(wanted), "{text}: {error}");
    }
}

/// `dpkg-query` on this machine, where there is one, is the judge of this machine's own database.
#[test]
fn this_machines_database_reads_as_dpkg_query_reads_it() {
    let Ok(bytes) = std::fs::read("/var/lib/dpkg/status") else { return };
    let format = "${db:Status-Status} ${Package} ${Version} ${Architecture}\n";
    let Ok(output) = std::process::Command::new("dpkg-query").args(["-W", "-f", format]).output() else { return };
    let listing = String::from_utf8(output.stdout).unwrap();
    let mut theirs: Vec<_> = listing.lines().filter_map(|line| line.strip_prefix("installed ")).collect();
    let ours = stanzas(&bytes, Layout::Whole).unwrap();
    let mut ours: Vec<_> = ours.iter().map(|s| format!("{} {} {}", s.name, s.version, s.architecture)).collect();
    theirs.sort_unstable();
    ours.sort_unstable();
    assert_eq!(ours, theirs);
}
