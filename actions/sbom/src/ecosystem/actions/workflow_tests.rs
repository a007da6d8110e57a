use super::*;

const WORKFLOW: &str = r#"name: ci
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0
      - name: again
        uses: "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8"
      - uses: GitHub/CodeQL-Action/init@v3
      - uses: ./.github/actions/own
      - uses: $/.github/actions/own
      - run: "echo uses: not/this@v1"
      - uses: docker://ghcr.io/Org/tool:1.2@sha256:0123
      - uses: docker://alpine:3.20
      -
  call:
    uses: org/repo/.github/workflows/release.yml@main
"#;

const ACTION: &str = "name: x\nruns:\n  using: composite\n  steps:\n    - uses: actions/cache@v4\n    - run: true\n";

fn listed(text: &str, role: Role) -> Vec<(String, Option<u32>)> {
    let inventory = parse(text.as_bytes(), role).unwrap();
    let label = |p: &Package| if let Origin::Purl(purl) = &p.origin { purl.clone() } else { panic!("own") };
    inventory.packages.iter().map(|package| (label(package), package.line)).collect()
}

#[test]
fn an_action_is_a_repository_at_a_commit_or_tag() {
    let wanted = [
        ("pkg:github/actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8", 7),
        ("pkg:github/github/codeql-action@v3#init", 10),
        ("pkg:docker/Org/tool@sha256:0123?repository_url=ghcr.io", 14),
        ("pkg:docker/alpine@3.20", 15),
        ("pkg:github/org/repo@main#.github/workflows/release.yml", 18),
    ];
    assert_eq!(listed(WORKFLOW, Role::Workflow), wanted.map(|(purl, line)| (purl.to_owned(), Some(line))));
}

#[test]
fn a_pin_to_a_commit_is_told_from_one_that_can_be_moved() {
    let inventory = parse(WORKFLOW.as_bytes(), Role::Workflow).unwrap();
    let pins: Vec<_> = inventory.packages.iter().map(|p| p.properties["lockkeeper:github:pin"].as_str()).collect();
    assert_eq!(pins, ["commit", "tag-or-branch", "digest", "tag-or-branch", "tag-or-branch"]);
    assert_eq!(inventory.packages[0].properties["lockkeeper:github:stated-version"], "v5.0.0");
    assert_eq!(inventory.direct, Some(vec![0, 1, 2, 3, 4]));
}

#[test]
fn a_workflow_develops_and_an_action_is_the_product() {
    let of = |text: &str, role| {
        let package = parse(text.as_bytes(), role).unwrap().packages.swap_remove(0);
        (package.scope, package.needs_known)
    };
    assert_eq!(of(WORKFLOW, Role::Workflow), (Scope::Development, Knowledge::Unknown));
    assert_eq!(of(ACTION, Role::Action), (Scope::Required, Knowledge::Unknown));
    let container = "runs:\n  using: docker\n  image: docker://alpine:3\n";
    assert_eq!(listed(container, Role::Action), [("pkg:docker/alpine@3".to_owned(), Some(3))]);
    assert!(listed("runs: {using: docker, image: Dockerfile}\n", Role::Action).is_empty());
}

#[test]
fn what_github_would_not_run_is_a_finding_or_refused() {
    let text = WORKFLOW.replace("GitHub/CodeQL-Action/init@v3", "actions/chec");
    let inventory = parse(text.as_bytes(), Role::Workflow).unwrap();
    assert_eq!((inventory.remarks[0].kind, inventory.remarks[0].line), (FindingKind::Broken, Some(10)));
    for wrong in ["a@v1", "a/b@", "a/b@${{ x }}", "docker://", "docker://${{ x }}", "../../etc@v1", "a//b/../../c@v1"] {
        let text = format!("jobs:\n  x:\n    uses: '{wrong}'\n");
        let inventory = parse(text.as_bytes(), Role::Workflow).unwrap();
        assert!(inventory.packages.is_empty(), "{wrong}: {:?}", inventory.packages);
    }
    assert_eq!(parse(b"jobs:\n  a: [\n", Role::Workflow).unwrap_err().line, 2);
    assert!(parse(b"jobs: 7\n", Role::Workflow).is_err());
    for nothing in ["", "# nothing\n", "name: x\n", "jobs:\n"] {
        assert!(parse(nothing.as_bytes(), Role::Workflow).unwrap().packages.is_empty(), "{nothing}");
    }
}

#[test]
fn aliases_that_multiply_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let of = format!("*a{}, ", level - 1).repeat(10);
        text += &format!("a{level}: &a{level} [{}]\n", of.trim_end_matches(", "));
    }
    text += "jobs: *a11\n";
    let began = std::time::Instant::now();
    assert!(parse(text.as_bytes(), Role::Workflow).is_err());
    assert!(began.elapsed().as_secs() < 5);
}
