use super::*;
use crate::ecosystem::java::pom;

fn poms(files: &[(&str, &str)]) -> Poms {
    Poms::new(files.iter().map(|(path, text)| ((*path).to_owned(), pom::parse(text.as_bytes()).unwrap())).collect())
}

fn key(artifact: &str) -> Key {
    let text = |text: &str| text.to_owned();
    Key { group: text("g"), artifact: text(artifact), kind: text("jar"), classifier: text("") }
}

const PARENT: &str = "<project><groupId>g</groupId><artifactId>parent</artifactId><version>${revision}</version>
    <properties><revision>1.0</revision><own>${project.version}</own><x.version>1</x.version></properties>
    <dependencyManagement><dependencies>
      <dependency><groupId>g</groupId><artifactId>x</artifactId><version>${x.version}</version><scope>test</scope></dependency>
      <dependency><groupId>g</groupId><artifactId>bom</artifactId><version>5</version><type>pom</type><scope>import</scope></dependency>
    </dependencies></dependencyManagement></project>";
const CHILD: &str =
    "<project><parent><groupId>g</groupId><artifactId>parent</artifactId><version>${revision}</version></parent>
    <artifactId>child</artifactId><properties><x.version>2</x.version></properties></project>";
const BOM: &str = "<project><groupId>g</groupId><artifactId>bom</artifactId><version>5</version>
    <properties><x.version>9</x.version></properties>
    <dependencyManagement><dependencies>
      <dependency><groupId>g</groupId><artifactId>x</artifactId><version>7</version></dependency>
      <dependency><groupId>g</groupId><artifactId>y</artifactId><version>${x.version}</version></dependency>
    </dependencies></dependencyManagement></project>";

#[test]
fn a_child_inherits_and_its_properties_outrank_its_parents() {
    let poms = poms(&[("pom.xml", PARENT), ("child/pom.xml", CHILD), ("bom/pom.xml", BOM)]);
    let lineage = poms.lineage("child/pom.xml").unwrap();
    assert_eq!((lineage.levels.len(), &lineage.remote), (2, &None));
    assert_eq!(lineage.name().unwrap().to_string(), "g:child:1.0");
    assert_eq!(lineage.filled("a-${own}-${x.version}"), Ok("a-1.0-2".to_owned()));
    assert_eq!(lineage.filled("${nowhere}"), Err("nowhere".to_owned()));
    assert_eq!(poms.managed(&lineage, &key("x")), Managed::Found(Some("2".to_owned()), Some("test".to_owned())));
    // What an import holds is said in its own words.
    assert_eq!(poms.managed(&lineage, &key("y")), Managed::Found(Some("9".to_owned()), None));
    assert_eq!(poms.managed(&lineage, &key("z")), Managed::Nowhere);
}

#[test]
fn what_is_not_in_the_tree_is_unknown_and_named_before_anything_weaker_is_believed() {
    let without_bom = poms(&[("pom.xml", PARENT), ("child/pom.xml", CHILD)]);
    let lineage = without_bom.lineage("child/pom.xml").unwrap();
    assert_eq!(without_bom.managed(&lineage, &key("y")), Managed::Unknown("g:bom:5".to_owned()));
    let importer = "<project><parent><groupId>r</groupId><artifactId>remote</artifactId><version>3</version></parent>
        <groupId>g</groupId><artifactId>importer</artifactId><dependencyManagement><dependencies>
        <dependency><groupId>g</groupId><artifactId>bom</artifactId><version>5</version><type>pom</type><scope>import</scope></dependency>
        </dependencies></dependencyManagement></project>";
    let poms = poms(&[("pom.xml", importer), ("bom/pom.xml", BOM)]);
    let lineage = poms.lineage("pom.xml").unwrap();
    assert_eq!(lineage.remote.as_deref(), Some("r:remote:3"));
    // The remote parent may state it itself, and would outrank the import.
    assert_eq!(poms.managed(&lineage, &key("y")), Managed::Unknown("r:remote:3".to_owned()));
}

#[test]
fn a_parent_is_the_one_that_is_named_wherever_it_is() {
    let other = PARENT.replace("<artifactId>parent<", "<artifactId>other<");
    let found = poms(&[("pom.xml", &other), ("parent/pom.xml", PARENT), ("child/pom.xml", CHILD)]);
    let paths: Vec<_> = found.lineage("child/pom.xml").unwrap().levels.iter().map(|(path, _)| *path).collect();
    assert_eq!(paths, ["child/pom.xml", "parent/pom.xml"]);
    let elsewhere = CHILD.replace("</version></parent>", "</version><relativePath/></parent>");
    let none = poms(&[("pom.xml", &other), ("child/pom.xml", &elsewhere)]);
    assert_eq!(none.lineage("child/pom.xml").unwrap().remote.as_deref(), Some("g:parent"));
}

#[test]
fn circles_come_to_an_end() {
    let one = "<project><parent><groupId>g</groupId><artifactId>b</artifactId><version>1</version><relativePath>../b</relativePath></parent>
        <artifactId>a</artifactId><properties><p>${q}${q}</p><q>${r}${r}</q><r>${p}</r></properties>
        <dependencyManagement><dependencies><dependency><groupId>g</groupId><artifactId>a</artifactId><version>1</version>
        <type>pom</type><scope>import</scope></dependency></dependencies></dependencyManagement></project>";
    let two = one
        .replace("../b", "../a")
        .replace("artifactId>b<", "artifactId>c<")
        .replace("<artifactId>a</artifactId><p", "<artifactId>b</artifactId><p");
    let two = two.replace("artifactId>c<", "artifactId>a<");
    let poms = poms(&[("a/pom.xml", one), ("b/pom.xml", &two)]);
    let lineage = poms.lineage("a/pom.xml").unwrap();
    assert_eq!(lineage.levels.len(), 2);
    assert!(lineage.filled("${p}").is_err());
    assert!(matches!(poms.managed(&lineage, &key("x")), Managed::Unknown(_)));
    let itself = poms.alone("b/pom.xml").unwrap();
    assert_eq!(poms.managed(&itself, &key("x")), Managed::Unknown("g:a:1".to_owned()));
}

#[test]
fn a_text_of_empty_properties_does_not_grow_without_end() {
    let mut properties = "<p0></p0>".to_owned();
    for level in 1..40 {
        properties += &format!("<p{level}>{}</p{level}>", format!("${{p{}}}", level - 1).repeat(10));
    }
    let text = format!(
        "<project><groupId>g</groupId><artifactId>a</artifactId><properties>{properties}</properties></project>"
    );
    let poms = poms(&[("pom.xml", &text)]);
    assert!(poms.lineage("pom.xml").unwrap().filled("${p39}").is_err());
}
