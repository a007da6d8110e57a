use super::*;
use crate::ecosystem::Place as Where;

fn read_all(files: &[(&str, &str)]) -> Vec<Inventory> {
    let found: Vec<Found> = files
        .iter()
        .map(|(path, text)| Found {
            place: Place { path: (*path).to_owned(), layer: None },
            bytes: text.as_bytes().to_vec(),
        })
        .collect();
    let nothing = |_: &str| None;
    read(&found.iter().collect::<Vec<_>>(), &Surroundings::new(Where::Tree, &nothing)).unwrap()
}

fn dependency(artifact: &str, rest: &str) -> String {
    format!("<dependency><groupId>g</groupId><artifactId>{artifact}</artifactId>{rest}</dependency>\n")
}

fn project(artifact: &str, rest: &str) -> String {
    format!(
        "<project>\n<groupId>own</groupId><artifactId>{artifact}</artifactId><version>1</version>\n{rest}</project>\n"
    )
}

fn listed(inventory: &Inventory) -> Vec<(String, Scope)> {
    let purl = |package: &Package| match &package.origin {
        Origin::Purl(purl) => purl.clone(),
        _ => format!("own {}:{}", package.name, package.version.as_deref().unwrap_or("-")),
    };
    inventory.packages.iter().skip(1).map(|package| (purl(package), package.scope)).collect()
}

fn found(purl: &str, scope: Scope) -> (String, Scope) {
    (purl.to_owned(), scope)
}

#[test]
fn a_dependency_has_the_version_scope_and_kind_that_maven_would_give_it() {
    let managed = dependency("managed", "<version>3</version><scope>runtime</scope>")
        + &dependency("managed", "<version>4</version><type>test-jar</type><scope>test</scope>");
    let asked = [
        dependency("plain", "<version>1.0</version>"),
        dependency("managed", ""),
        dependency("managed", "<type>test-jar</type>"),
        dependency("native", "<version>2</version><classifier>linux</classifier><scope>provided</scope>"),
        dependency("extra", "<version>2</version><optional>true</optional>"),
        dependency("fixed", "<version>[1.5]</version>"),
        dependency("plain", "<version>1.1</version>"),
    ];
    let text = project(
        "app",
        &format!(
            "<dependencyManagement><dependencies>{managed}</dependencies></dependencyManagement>\n<dependencies>\n{}</dependencies>\n\
             <build><plugins><plugin><dependencies>{}</dependencies></plugin></plugins></build>",
            asked.concat(),
            dependency("tool", "<version>1</version>")
        ),
    );
    let inventories = read_all(&[("pom.xml", &text)]);
    let mut listed = listed(&inventories[0]);
    listed.sort();
    let mut wanted = [
        found("pkg:maven/g/plain@1.1", Scope::Required),
        found("pkg:maven/g/managed@3", Scope::Required),
        found("pkg:maven/g/managed@4?type=test-jar", Scope::Development),
        found("pkg:maven/g/native@2?classifier=linux", Scope::Provided),
        found("pkg:maven/g/extra@2", Scope::Optional),
        found("pkg:maven/g/fixed@1.5", Scope::Required),
    ];
    wanted.sort();
    assert_eq!(listed, wanted);
    let own = &inventories[0].packages[0];
    assert_eq!((own.name.as_str(), own.needs.len(), own.needs_known), ("app", 6, Knowledge::Complete));
    assert_eq!(inventories[0].listing, Knowledge::Incomplete);
}

#[test]
fn what_a_module_inherits_is_found_where_it_is_written_and_modules_of_the_tree_are_its_own() {
    let parent = project(
        "parent",
        &format!("<dependencies>\n{}</dependencies>", dependency("inherited", "<version>1</version>")),
    );
    let child = |artifact: &str, asked: &str| {
        format!(
            "<project><parent><groupId>own</groupId><artifactId>parent</artifactId><version>1</version></parent>\n\
             <artifactId>{artifact}</artifactId><dependencies>{asked}</dependencies></project>"
        )
    };
    let sibling = "<dependency><groupId>own</groupId><artifactId>lib</artifactId><version>${project.version}</version></dependency>";
    let older =
        sibling.replace("${project.version}", "0.9").replace("</version>", "</version><classifier>old</classifier>");
    let app = child("app", &format!("{sibling}{older}"));
    let inventories = read_all(&[("pom.xml", &parent), ("app/pom.xml", &app), ("lib/pom.xml", &child("lib", ""))]);
    let [app, lib, _] = &inventories[..] else { panic!("{inventories:?}") };
    assert_eq!(
        listed(app),
        [
            found("pkg:maven/own/lib@0.9?classifier=old", Scope::Required),
            found("own lib:1", Scope::Required),
            found("pkg:maven/g/inherited@1", Scope::Required),
        ]
    );
    let (sibling, inherited) = (&app.packages[2], &app.packages[3]);
    assert_eq!(app.files[inherited.file].path, "pom.xml");
    assert_eq!(inherited.line, Some(4));
    // The same place, line and name as in its own inventory: one component.
    let own = &lib.packages[0];
    assert_eq!((&app.files[sibling.file], sibling.line), (&lib.files[own.file], own.line));
}

#[test]
fn a_version_that_is_not_in_the_tree_is_not_guessed_and_said() {
    let remote = "<project><parent><groupId>org.example</groupId><artifactId>starter</artifactId><version>4.0</version></parent>\n\
        <artifactId>app</artifactId><properties><y>2</y></properties>\n<dependencies>";
    let text = format!(
        "{remote}{}{}{}{}\n{}</dependencies><profiles><profile><id>extra</id><dependencies>{}</dependencies></profile></profiles></project>",
        dependency("a", ""),
        dependency("x", "<version>${x}</version>"),
        dependency("y", "<version>${y}</version>"),
        dependency("range", "<version>[1,2)</version>"),
        dependency("${who}", "<version>1</version>"),
        dependency("off", "<version>1</version>"),
    );
    let inventories = read_all(&[("pom.xml", &text)]);
    let mut listed = listed(&inventories[0]);
    listed.sort();
    let names: Vec<&str> = listed.iter().map(|(purl, _)| purl.as_str()).collect();
    assert_eq!(names, ["pkg:maven/g/a", "pkg:maven/g/range", "pkg:maven/g/x", "pkg:maven/g/y@2"]);
    let own = &inventories[0].packages[0];
    assert_eq!((own.group.as_deref(), own.version.as_deref()), (Some("org.example"), Some("4.0")));
    assert_eq!(own.needs_known, Knowledge::Incomplete);
    let said: Vec<&str> = inventories[0].remarks.iter().map(|remark| remark.text.as_str()).collect();
    for words in ["2 versions are in `org.example:starter:4.0`", "`[1,2)`", "holds a property", "profiles", "in turn"] {
        assert!(said.iter().any(|text| text.contains(words)), "{words}: {said:?}");
    }
}

#[test]
fn a_version_nothing_states_or_sets_is_said_without_blaming_a_file() {
    let asked = dependency("a", "")
        + &dependency("b", "<version>${b}</version>")
        + &dependency("c", "<version>LATEST</version>");
    let text = project("app", &format!("<dependencies>{asked}</dependencies>"));
    let inventories = read_all(&[("pom.xml", &text), ("broken/pom.xml", "<project>")]);
    assert_eq!(inventories.len(), 2);
    let said: Vec<&str> = inventories.iter().flat_map(|i| &i.remarks).map(|remark| remark.text.as_str()).collect();
    for words in ["states no version", "`${b}`, which nothing sets", "any version of `LATEST`", "cut off"] {
        assert!(said.iter().any(|text| text.contains(words)), "{words}: {said:?}");
    }
}
