use super::*;

const SHA1: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

#[test]
fn maven_s_files_name_a_package_and_a_placeholder_does_not() {
    let properties = b"#Generated\ngroupId = org.example\nartifactId:lib\r\nversion=1.0\n";
    let described = Described::new(Some(properties), None).unwrap();
    let package = described.package().unwrap();
    assert_eq!(package.origin, Origin::Purl("pkg:maven/org.example/lib@1.0".to_owned()));
    assert_eq!(package.needs_known, Knowledge::Unknown);
    let pom = crate::ecosystem::java::pom::parse(
        b"<project><parent><groupId>org.parent</groupId><artifactId>p</artifactId><version>2</version></parent>
          <artifactId>lib</artifactId></project>",
    )
    .unwrap();
    let filled = Described::new(Some(b"groupId=${g}\nartifactId=lib\nversion=${v}\n"), Some(&pom)).unwrap();
    assert_eq!((filled.group.as_str(), filled.version.as_deref()), ("org.parent", Some("2")));
    assert_eq!(filled.package().unwrap().needs_known, Knowledge::Incomplete);
    assert_eq!(Described::new(Some(b"artifactId=lib\nversion=1\n"), None), None);
}

#[test]
fn without_them_the_manifest_or_the_file_names_it_and_its_checksum_tells_it_from_others() {
    let manifest = Manifest::parse(
        b"Bundle-SymbolicName: org.example.lib;singleton:=true\nBundle-Version: 1.2.3\nBundle-License: Apache-2.0;link=x\n",
    );
    let package = by_name("renamed", &manifest, SHA1).unwrap();
    assert_eq!(package.origin, Origin::Purl(format!("pkg:generic/org.example.lib@1.2.3?checksum=sha1:{SHA1}")));
    assert_eq!((package.group, package.identification.confidence), (None, 60));
    assert_eq!(package.licences, BTreeSet::from([Licence::Id("Apache-2.0".to_owned())]));
    let bare = by_name("aopalliance-1.0", &Manifest::default(), SHA1).unwrap();
    assert_eq!((bare.name.as_str(), bare.version.as_deref()), ("aopalliance", Some("1.0")));
    assert_eq!(bare.properties["lockkeeper:java:named-by"], "file name");
    assert_eq!(bare.identification, Identification { confidence: 30, technique: Technique::Filename });
}

#[test]
fn a_version_is_taken_from_a_file_name_only_where_it_is_plain() {
    for (stem, wanted) in [
        ("aopalliance-1.0", ("aopalliance", Some("1.0"))),
        ("spring-core-5.3.31.RELEASE", ("spring-core", Some("5.3.31.RELEASE"))),
        ("guava-33.0.0-jre", ("guava", Some("33.0.0-jre"))),
        ("lib-2.0-SNAPSHOT", ("lib", Some("2.0-SNAPSHOT"))),
        ("a-1.0.0-rc.2", ("a", Some("1.0.0-rc.2"))),
        ("netty-epoll-4.1.100.Final-linux-x86_64", ("netty-epoll-4.1.100.Final-linux-x86_64", None)),
        ("lib-1.0-sources", ("lib-1.0-sources", None)),
        ("log4j-1.2-api", ("log4j-1.2-api", None)),
        ("app", ("app", None)),
        ("-1.0", ("-1.0", None)),
        ("", ("", None)),
    ] {
        assert_eq!(split(stem), wanted, "{stem}");
    }
}

#[test]
fn a_file_is_named_after_an_artifact_and_its_version() {
    let of = |artifact: &str| Described {
        group: "g".to_owned(),
        artifact: artifact.to_owned(),
        version: None,
        licences: BTreeSet::new(),
        needs: None,
        inherits: false,
    };
    for (stem, artifact, wanted) in [
        ("lib-1.0", "lib", true),
        ("lib", "lib", true),
        ("lib_2.13-1.0", "lib", true),
        ("library-1.0", "lib", false),
        ("app", "lib", false),
    ] {
        assert_eq!(of(artifact).fits(stem), wanted, "{stem} {artifact}");
    }
}
