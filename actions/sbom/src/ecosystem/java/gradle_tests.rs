use super::*;
use crate::graph::Origin;

const LOCK: &str = "# This is a Gradle generated file for dependency locking.\n\
# Manual edits can break the build and are not advised.\n\
com.google.guava:guava:33.0.0-jre=compileClasspath,runtimeClasspath,testRuntimeClasspath\n\
org.junit:junit-bom:5.10.1=testCompileClasspath,testRuntimeClasspath\n\
org.projectlombok:lombok:1.18.30=annotationProcessor\n\
com.puppycrawl.tools:checkstyle:10.12.4=checkstyle\n\
androidx.core:core:1.12.0=debugUnitTestRuntimeClasspath,latestReleaseRuntimeClasspath\n\
empty=developmentOnly\n";

#[test]
fn the_configurations_tell_what_a_package_is_for() {
    let inventory = parse("app/gradle.lockfile", LOCK.as_bytes()).unwrap();
    let found: Vec<_> = inventory.packages.iter().map(|p| (p.name.as_str(), p.scope, p.line)).collect();
    assert_eq!(
        found,
        [
            ("guava", Scope::Required, Some(3)),
            ("junit-bom", Scope::Development, Some(4)),
            ("lombok", Scope::Development, Some(5)),
            ("checkstyle", Scope::Unstated, Some(6)),
            ("core", Scope::Required, Some(7)),
        ]
    );
    let guava = &inventory.packages[0];
    assert_eq!(guava.origin, Origin::Purl("pkg:maven/com.google.guava/guava@33.0.0-jre".to_owned()));
    assert_eq!((guava.group.as_deref(), guava.needs_known), (Some("com.google.guava"), Knowledge::Unknown));
    let build = parse("buildscript-gradle.lockfile", LOCK.as_bytes()).unwrap();
    assert!(build.packages.iter().all(|package| package.scope == Scope::Development));
}

#[test]
fn a_file_of_one_configuration_is_for_what_its_name_says() {
    for (name, wanted) in [
        ("runtimeClasspath", Scope::Required),
        ("testCompileClasspath", Scope::Development),
        ("buildscript-classpath", Scope::Development),
        ("pmd", Scope::Unstated),
    ] {
        let path = format!("gradle/dependency-locks/{name}.lockfile");
        let inventory = parse_old(&path, b"# generated\norg.example:a:1.0\n").unwrap();
        assert_eq!((inventory.packages.len(), inventory.packages[0].scope), (1, wanted), "{name}");
    }
}

#[test]
fn a_lockfile_cut_off_anywhere_is_refused_or_whole() {
    let whole = parse("gradle.lockfile", LOCK.as_bytes()).unwrap();
    for end in 0..LOCK.len() {
        if let Ok(cut) = parse("gradle.lockfile", &LOCK.as_bytes()[..end]) {
            assert_eq!(cut, whole, "{end}");
        }
    }
    for (text, line) in [("a:b=c\nempty=\n", 1), ("a:b:1:d=c\nempty=\n", 1), ("a:b:1\nempty=\n", 1), ("", 0)] {
        assert_eq!(parse("gradle.lockfile", text.as_bytes()).unwrap_err().line, line, "{text}");
    }
    assert_eq!(parse_old("gradle/dependency-locks/x.lockfile", b"a:b:1\na:c:1").unwrap_err().line, 2);
}
