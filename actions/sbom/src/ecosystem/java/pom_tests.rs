use super::*;

#[test]
fn a_profile_counts_only_when_it_is_on_by_default() {
    let pom = parse(
        b"<project><artifactId>a</artifactId>
          <profiles>
            <profile><id>always</id><activation><activeByDefault>true</activeByDefault></activation>
              <properties><v>2</v></properties></profile>
            <profile><id>jdk</id><activation><jdk>9</jdk></activation>
              <dependencies><dependency><groupId>g</groupId><artifactId>x</artifactId></dependency></dependencies></profile>
            <profile><id>idle</id></profile>
          </profiles>
          <properties><v>1</v></properties></project>",
    )
    .unwrap();
    assert_eq!(pom.parts.iter().map(|part| part.properties["v"].as_str()).collect::<Vec<_>>(), ["2", "1"]);
    assert_eq!(pom.off, ["jdk"]);
}

#[test]
fn of_several_licences_one_may_be_chosen() {
    let of = |names: &[&str]| {
        let licences: String = names.iter().map(|name| format!("<license><name>{name}</name></license>")).collect();
        parse(format!("<project><licenses>{licences}</licenses></project>").as_bytes()).unwrap().licences
    };
    assert_eq!(of(&["MIT"]), BTreeSet::from([Licence::Id("MIT".to_owned())]));
    assert_eq!(of(&["MIT", "Apache-2.0"]), BTreeSet::from([Licence::Expression("Apache-2.0 OR MIT".to_owned())]));
    assert_eq!(of(&["MIT", "Our own"]).len(), 2);
}

#[test]
fn what_is_no_project_is_refused() {
    assert!(parse(b"<settings/>").unwrap_err().message.contains("project"));
    assert!(parse(b"").unwrap_err().message.contains("cut off"));
}

#[test]
fn needs_at_run_time_are_those_a_jar_is_shipped_with() {
    let pom = parse(
        b"<project><groupId>g</groupId><dependencies>
          <dependency><groupId>${project.groupId}</groupId><artifactId>a</artifactId></dependency>
          <dependency><groupId>g</groupId><artifactId>t</artifactId><scope>test</scope></dependency>
          <dependency><groupId>g</groupId><artifactId>p</artifactId><scope>provided</scope></dependency>
          <dependency><groupId>g</groupId><artifactId>o</artifactId><optional>true</optional></dependency>
          <dependency><groupId>g</groupId><artifactId>r</artifactId><scope>runtime</scope></dependency>
          <dependency><groupId>${unknown}</groupId><artifactId>u</artifactId></dependency>
        </dependencies></project>",
    )
    .unwrap();
    let name = |artifact: &str| ("g".to_owned(), artifact.to_owned());
    assert_eq!(pom.needs(), [name("a"), name("r")]);
}
