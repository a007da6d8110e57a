use super::*;
use crate::{ecosystem::java::zip::Zip, graph::Origin};

fn of(path: &str, bytes: Vec<u8>) -> Result<Inventory, ParseError> {
    let found = Found { place: Place { path: path.to_owned(), layer: None }, bytes };
    read(&found).map(|mut inventories| inventories.remove(0))
}

fn properties(artifact: &str) -> (String, String) {
    let path = format!("META-INF/maven/org.example/{artifact}/pom.properties");
    (path, format!("groupId=org.example\nartifactId={artifact}\nversion=1.0\n"))
}

fn jar(artifact: &str, needs: &[&str]) -> Vec<u8> {
    let (path, text) = properties(artifact);
    let needs: String = needs
        .iter()
        .map(|name| format!("<dependency><groupId>org.example</groupId><artifactId>{name}</artifactId></dependency>"))
        .collect();
    let pom = format!(
        "<project><groupId>org.example</groupId><artifactId>{artifact}</artifactId><version>1.0</version>\
         <licenses><license><name>MIT</name></license></licenses><dependencies>{needs}</dependencies></project>"
    );
    Zip::default().deflated(&path, text).deflated(&path.replace("properties", "xml"), pom).finish()
}

fn purls(inventory: &Inventory) -> Vec<&str> {
    inventory.packages.iter().map(|p| if let Origin::Purl(purl) = &p.origin { purl.as_str() } else { "own" }).collect()
}

#[test]
fn a_war_contains_its_jars_and_they_need_each_other_as_their_own_files_say() {
    let (path, text) = properties("app");
    let war = Zip::default()
        .deflated("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n\n")
        .deflated(&path, text)
        .stored("WEB-INF/lib/a-1.0.jar", jar("a", &["b", "gone"]))
        .deflated("WEB-INF/lib/b-1.0.jar", jar("b", &[]))
        .deflated("WEB-INF/lib/plain-2.1.jar", Zip::default().stored("x.class", "").finish())
        .finish();
    let inventory = of("srv/app.war", war).unwrap();
    assert_eq!(
        purls(&inventory)[..3],
        ["pkg:maven/org.example/app@1.0", "pkg:maven/org.example/a@1.0", "pkg:maven/org.example/b@1.0"]
    );
    assert!(purls(&inventory)[3].starts_with("pkg:generic/plain@2.1?checksum=sha1:"));
    let [app, a, b, plain] = &inventory.packages[..] else { panic!("{inventory:?}") };
    // `b` is needed by `a`; what nobody says to need hangs on the archive.
    assert_eq!((&app.needs, &a.needs, &b.needs), (&vec![1, 3], &vec![2], &vec![]));
    assert_eq!([a.within, b.within, plain.within, app.within], [Some(0), Some(0), Some(0), None]);
    assert_eq!([a.needs_known, b.needs_known], [Knowledge::Incomplete, Knowledge::Complete]);
    assert_eq!(
        (inventory.files[0].path.as_str(), inventory.files[b.file].path.as_str()),
        ("", "!/WEB-INF/lib/b-1.0.jar")
    );
    assert_eq!((b.checksums.len(), b.licences.len()), (2, 1));
    assert_eq!((inventory.direct, inventory.listing), (Some(vec![0]), Knowledge::Complete));
}

#[test]
fn a_shaded_jar_is_the_artifact_it_is_named_after_and_contains_the_others() {
    let shaded = |path: &str| {
        let [first, second] = [properties("guava"), properties("tool")];
        of(path, Zip::default().stored(&first.0, first.1).stored(&second.0, second.1).finish()).unwrap()
    };
    let inventory = shaded("lib/tool-1.0.jar");
    assert_eq!(purls(&inventory), ["pkg:maven/org.example/tool@1.0", "pkg:maven/org.example/guava@1.0"]);
    assert_eq!((&inventory.packages[0].needs, inventory.packages[1].within), (&vec![1], Some(0)));
    assert!(inventory.packages[1].checksums.is_empty());
    let renamed = shaded("all.jar");
    assert!(purls(&renamed)[0].starts_with("pkg:generic/all?checksum=sha1:"));
    assert_eq!(purls(&renamed)[1..], ["pkg:maven/org.example/guava@1.0", "pkg:maven/org.example/tool@1.0"]);
}

#[test]
fn a_renamed_jar_is_the_only_artifact_in_it_but_its_checksum_proves_nothing() {
    let inventory = of("app.jar", jar("service", &[])).unwrap();
    assert_eq!(purls(&inventory), ["pkg:maven/org.example/service@1.0"]);
    assert!(inventory.packages[0].checksums.is_empty());
}

#[test]
fn a_broken_archive_is_refused_and_one_within_another_hides_nothing() {
    assert!(of("a.jar", b"not a zip".to_vec()).unwrap_err().message.contains("no central directory"));
    let jar = Zip::default().stored("lib/broken.jar", "no").stored("lib/b-1.0.jar", jar("b", &[])).finish();
    let inventory = of("a.jar", jar).unwrap();
    assert_eq!(purls(&inventory)[1..], ["pkg:maven/org.example/b@1.0"]);
    let remark = &inventory.remarks[0];
    assert_eq!((remark.path.as_str(), remark.kind), ("!/lib/broken.jar", FindingKind::Broken));
    let pointer = of("a.jar", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n".to_vec()).unwrap();
    assert_eq!((pointer.packages.len(), pointer.remarks[0].kind), (0, FindingKind::Partial));
}

#[test]
fn jars_within_jars_come_to_an_end_and_so_do_bombs() {
    let mut nested = jar("deepest", &[]);
    for level in 0..8 {
        nested = Zip::default().deflated(&format!("level{level}.jar"), nested).finish();
    }
    let inventory = of("outer.jar", nested).unwrap();
    assert_eq!(inventory.packages.len(), DEEPEST);
    assert_eq!(inventory.remarks[0].kind, FindingKind::Partial);
    let zeros = Zip::default().deflated("zeros.jar", vec![0; 300 << 20]).finish();
    let inventory = of("bomb.jar", zeros).unwrap();
    assert!(inventory.remarks[0].text.contains("more than"), "{:?}", inventory.remarks);
}
