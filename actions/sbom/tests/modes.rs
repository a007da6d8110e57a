//! The modes and the checks, as a process against a real registry and a real OSV server.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

mod support;

use attest::{SigningKey, predicate};
use evidence::{Evidence, EvidenceInputs};
use github::Runner;
use oci::{
    Descriptor, Index, Manifest, Platform,
    image::{Builder, Contents},
    layout::{Layout, push_layout},
    media,
};
use sandbox::{Options, Sandbox};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use subject::{ImageRef, Repository};
use support::{Ended, Workspace, validate};

struct Scene {
    sandbox: Sandbox,
    repository: Repository,
    env: Vec<(String, String)>,
    key: SigningKey,
}

fn debian(version: &str) -> Contents {
    let status = format!("Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n");
    Contents::new().file("var/lib/dpkg/status", 0o644, status)
}

impl Scene {
    async fn new() -> Self {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let repository = Repository::new(&sandbox.registry_host(), "shop/app").unwrap();
        let env = sandbox.env();
        Self { sandbox, repository, env, key: SigningKey::generate() }
    }

    fn runner(&self) -> Runner {
        Runner::for_test(self.env.iter().map(|(k, v)| (k.as_str(), v.as_str()))).0
    }

    async fn push(&self, platform: &str, contents: Contents) -> ImageRef {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::create(folder.path()).unwrap();
        Builder::new(Platform::linux(platform)).layer("base", contents).build(&layout, None).unwrap();
        let runner = self.runner();
        let evidence = self.evidence(&runner).await;
        push_layout(evidence.registry(), &layout, &self.repository, None).await.unwrap()
    }

    async fn evidence<'r>(&self, runner: &'r Runner) -> Evidence<'r> {
        let inputs = EvidenceInputs::default();
        Evidence::connect(runner, &inputs, &self.repository, &aws::AwsInputs::default()).await.unwrap()
    }

    /// An index of two images and the attestation that BuildKit would keep beside them.
    async fn push_index(&self, members: &[(&str, &ImageRef)]) -> ImageRef {
        let runner = self.runner();
        let evidence = self.evidence(&runner).await;
        let mut manifests = Vec::new();
        for (architecture, image) in members {
            let manifest = evidence.registry().manifest(image).await.unwrap();
            let platform = Platform {
                os: if *architecture == "unknown" { "unknown" } else { "linux" }.to_owned(),
                ..Platform::linux(*architecture)
            };
            manifests.push(Descriptor { platform: Some(platform), ..manifest.descriptor() });
        }
        let index = Index {
            schema_version: 2,
            media_type: Some(media::IMAGE_INDEX.to_owned()),
            artifact_type: None,
            manifests,
            subject: None,
            annotations: BTreeMap::new(),
        };
        let manifest = Manifest::parse(serde_json::to_vec(&index).unwrap().into(), Some(media::IMAGE_INDEX)).unwrap();
        evidence.registry().push_manifest(&self.repository, &manifest, Some("multi")).await.unwrap();
        self.repository.image(manifest.digest)
    }

    /// Predicate types and predicates on an image, all believed.
    async fn statements(&self, image: &ImageRef) -> Vec<(String, Value)> {
        let runner = self.runner();
        let found = self.evidence(&runner).await.read(image, &[self.key.public().clone()]).await.unwrap();
        let statements = found.into_iter().map(|found| found.statement.unwrap().statement);
        statements.map(|s| (s.predicate_type().to_owned(), s.predicate().clone())).collect()
    }

    async fn run(&self, workspace: Workspace, inputs: &[(&str, &str)]) -> (Workspace, Ended) {
        self.run_of(workspace, inputs, None).await
    }

    /// As a run of this repository.
    async fn run_of(
        &self,
        workspace: Workspace,
        inputs: &[(&str, &str)],
        repository: Option<&str>,
    ) -> (Workspace, Ended) {
        let inputs: Vec<(String, String)> = inputs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let mut env = self.env.clone();
        let server = ("GITHUB_SERVER_URL".to_owned(), "https://github.example".to_owned());
        env.extend(
            repository.into_iter().flat_map(|name| [("GITHUB_REPOSITORY".to_owned(), name.to_owned()), server.clone()]),
        );
        tokio::task::spawn_blocking(move || {
            let inputs: Vec<(&str, &str)> = inputs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            let ended = workspace.run_in(&inputs, &env);
            (workspace, ended)
        })
        .await
        .unwrap()
    }

    fn private(&self) -> String {
        self.key.to_pem().unwrap().expose_secret().to_owned()
    }

    fn public(&self) -> String {
        self.key.public().to_pem().unwrap()
    }
}

#[tokio::test]
async fn every_platform_gets_its_own_statement_and_the_index_one_that_links_to_them() {
    let scene = Scene::new().await;
    let (amd64, arm64) = (scene.push("amd64", debian("1")).await, scene.push("arm64", debian("2")).await);
    let attestation = scene.push("unknown", Contents::new().file("x", 0o644, "x")).await;
    let index = scene.push_index(&[("amd64", &amd64), ("arm64", &arm64), ("unknown", &attestation)]).await;
    let (image, key, public) = (index.to_string(), scene.private(), scene.public());
    let inputs = [("image", image.as_str()), ("signing-key", key.as_str()), ("platform", "all")];
    let (workspace, ended) = scene.run(Workspace::new(), &inputs).await;
    let ended = ended.expect(0, &["2 components in 2 images", "attached and read back"]);
    assert_eq!(ended.output("digest"), index.digest.to_string());
    let wanted = ["sbom.cdx.json", "sbom.linux-amd64.cdx.json", "sbom.linux-arm64.cdx.json"].map(str::to_owned);
    assert_eq!(workspace.files(), BTreeSet::from(wanted.clone()));
    validate(&wanted.map(|file| workspace.path(&file)));
    for image in [&index, &amd64, &arm64] {
        let statements = scene.statements(image).await;
        assert_eq!(statements.len(), 1, "{image}");
        assert_eq!(statements[0].1["metadata"]["component"]["version"], image.digest.to_string());
    }
    let thin = workspace.bom();
    let own: Value = serde_json::from_slice(&workspace.bytes("sbom.linux-arm64.cdx.json")).unwrap();
    let link = format!("urn:cdx:{}/1", own["serialNumber"].as_str().unwrap().trim_start_matches("urn:uuid:"));
    let links: Vec<_> = thin["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["externalReferences"][0]["url"].as_str().unwrap())
        .collect();
    assert!(links.len() == 2 && links.contains(&link.as_str()), "{links:?}");

    let (_, again) = scene.run(Workspace::new(), &inputs).await;
    assert_eq!(again.expect(0, &[]).output("referrer"), ended.output("referrer"));
    assert_eq!(scene.statements(&arm64).await.len(), 1, "twice is once");

    let verify = [
        ("mode", "verify"),
        ("image", image.as_str()),
        ("public-key", public.as_str()),
        ("platform", "all"),
        ("rebuild", "true"),
    ];
    let (_, ended) = scene.run(Workspace::new(), &verify).await;
    assert_eq!(ended.expect(0, &["proven byte for byte"]).output("verdict"), "proven");
    scene.sandbox.shutdown().await;
}

#[tokio::test]
async fn an_attached_document_is_proven_by_a_new_scan_or_refused_with_the_first_difference() {
    let scene = Scene::new().await;
    let image = scene.push("amd64", debian("2.36-9")).await;
    let (name, key, public) = (image.to_string(), scene.private(), scene.public());
    let verify = [("mode", "verify"), ("image", name.as_str()), ("public-key", public.as_str()), ("rebuild", "true")];
    let (_, ended) = scene.run(Workspace::new(), &verify).await;
    assert_eq!(ended.expect(3, &["no signed bill of materials is attached"]).output("verdict"), "inconclusive");

    let dry = [("image", name.as_str()), ("signing-key", key.as_str()), ("dry-run", "true")];
    scene.run(Workspace::new(), &dry).await.1.expect(0, &["dry run: nothing is attached"]);
    assert!(scene.statements(&image).await.is_empty());

    let attach = [("image", name.as_str()), ("signing-key", key.as_str())];
    let (workspace, ended) = scene.run_of(Workspace::new(), &attach, Some("shop/app")).await;
    ended.expect(0, &["attached and read back"]);
    assert_eq!(workspace.bom()["metadata"]["authors"][0]["name"], "shop");
    // Who answers for a document is in it: another repository than the one that attached it proves it as well.
    scene.run_of(Workspace::new(), &verify, Some("auditor/checks")).await.1.expect(0, &["proven byte for byte"]);
    let (_, ended) = scene.run(Workspace::new(), &verify).await;
    let ended = ended.expect(0, &["proven byte for byte"]);
    assert_eq!((ended.output("verdict"), ended.output("components")), ("proven", "1"));
    let stranger = SigningKey::generate().public().to_pem().unwrap();
    let wrong = [("mode", "verify"), ("image", name.as_str()), ("public-key", stranger.as_str())];
    assert_eq!(scene.run(Workspace::new(), &wrong).await.1.expect(1, &["is believed"]).output("verdict"), "refused");

    // Somebody with the key attaches a document that is not what the image holds.
    let other = scene.push("amd64", debian("9.9")).await;
    let mut forged = workspace.bom();
    forged["metadata"]["component"]["version"] = json!(other.digest.to_string());
    let runner = scene.runner();
    let inputs = EvidenceInputs { signing_key: Some(key.clone().into()), ..EvidenceInputs::default() };
    let evidence = Evidence::connect(&runner, &inputs, &scene.repository, &aws::AwsInputs::default()).await.unwrap();
    evidence.leave(&other, predicate::CYCLONEDX, forged).await.unwrap();
    let name = other.to_string();
    let verify = |rebuild: &'static str| {
        [
            ("mode", "verify".to_owned()),
            ("image", name.clone()),
            ("public-key", public.clone()),
            ("rebuild", rebuild.to_owned()),
        ]
    };
    let run = async |inputs: [(&str, String); 4]| {
        let inputs: Vec<(&str, &str)> = inputs.iter().map(|(k, v)| (*k, v.as_str())).collect();
        scene.run(Workspace::new(), &inputs).await.1
    };
    run(verify("false")).await.expect(0, &["is signed and about it"]);
    run(verify("true")).await.expect(1, &["a new scan gives another document", "libc6@2.36-9", "is not in the image"]);
    scene.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_release_is_compared_with_the_one_in_production() {
    let scene = Scene::new().await;
    let (old, new) = (scene.push("amd64", debian("2.36-9")).await, scene.push("amd64", debian("2.36-8")).await);
    let (key, public) = (scene.private(), scene.public());
    scene.run(Workspace::new(), &[("image", &old.to_string()), ("signing-key", &key)]).await.1.expect(0, &[]);
    let (digest, image) = (old.digest.to_string(), new.to_string());
    let inputs = [
        ("image", image.as_str()),
        ("signing-key", key.as_str()),
        ("compare-to", digest.as_str()),
        ("public-key", public.as_str()),
    ];
    let (workspace, ended) = scene.run(Workspace::new(), &inputs).await;
    let ended = ended.expect(0, &["1 components went back to an older version"]);
    assert_eq!((ended.output("added"), ended.output("removed"), ended.output("changed")), ("0", "0", "1"));
    assert!(ended.summary.contains("downgraded"), "{}", ended.summary);
    let difference: Value = serde_json::from_slice(&workspace.bytes("sbom.diff.json")).unwrap();
    assert_eq!(difference["changed"][0]["direction"], "downgraded");

    let refusing = [inputs.as_slice(), &[("mode", "diff"), ("refuse", "downgrades")]].concat();
    let refusing: Vec<_> = refusing.into_iter().filter(|(name, _)| *name != "signing-key").collect();
    let (_, ended) = scene.run(Workspace::new(), &refusing).await;
    assert_eq!(ended.expect(1, &["refused: 1 components went back"]).output("verdict"), "refused");

    let gone = format!("sha256:{}", "0".repeat(64));
    let (_, ended) = scene
        .run(Workspace::new(), &[("mode", "diff"), ("image", &image), ("public-key", &public), ("compare-to", &gone)])
        .await;
    ended.expect(3, &["failed to"]);
    scene.sandbox.shutdown().await;
}

const LOCK: &str = r#"{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {
  "": {"name": "app", "version": "1.0.0", "dependencies": {"mid": "1.0.0"}},
  "node_modules/mid": {"version": "1.0.0", "license": "MIT", "dependencies": {"deep": "2.0.0"}},
  "node_modules/deep": {"version": "2.0.0", "license": "AGPL-3.0-only"}}}"#;

#[test]
fn the_licence_policy_refuses_everything_at_once_and_says_why_it_is_there() {
    let policy = "version: 1\nallow: [Apache-2.0]\nexceptions:\n  - component: pkg:npm/mid@1.*\n    reason: ours\n    expires: 2020-01-01\n";
    let workspace = Workspace::new().with("package-lock.json", LOCK).with("policy.yaml", policy);
    let ended = workspace.run(&[("licence-policy", "policy.yaml")]);
    let ended = ended.expect(
        1,
        &[
            "deep@2.0.0: AGPL-3.0-only is not acceptable (app@1.0.0 → mid@1.0.0 → deep@2.0.0)",
            "its exception has expired",
        ],
    );
    assert_eq!((ended.output("licence-violations"), ended.output("verdict")), ("2", "refused"));
    assert!(workspace.files().contains("sbom.cdx.json"), "a refused product is described all the same");
    let accepted = workspace.with("policy.yaml", "version: 1\ndeny: [GPL-3.0-only]\n");
    assert_eq!(accepted.run(&[("licence-policy", "policy.yaml")]).expect(0, &[]).output("licence-violations"), "0");
    let broken = accepted.with("policy.yaml", "version: 1\nalow: [MIT]\n");
    broken.run(&[("licence-policy", "policy.yaml")]).expect(2, &["line 2: alow: unknown key; did you mean `allow`?"]);
}

#[test]
fn a_profile_is_told_and_with_a_minimum_it_refuses() {
    let workspace = Workspace::new().with("package-lock.json", LOCK);
    let ended = workspace.run(&[("profile", "ntia-2021")]).expect(0, &[]);
    let score: usize = ended.output("profile-score").parse().unwrap();
    assert!((40..100).contains(&score), "{score}");
    assert!(ended.summary.contains("Minimum elements: ntia-2021"));
    workspace
        .run(&[("profile", "ntia-2021"), ("profile-minimum", "100")])
        .expect(1, &["ntia-2021 scores", "where 100 is the least"]);
    workspace.run(&[("profile-minimum", "50")]).expect(2, &["profile-minimum: needs a `profile`"]);
}

#[test]
fn documents_are_merged_and_compared_without_a_registry() {
    let spdx = json!({"spdxVersion": "SPDX-2.3", "packages": [
        {"SPDXID": "SPDXRef-1", "name": "mid", "versionInfo": "0.9.0", "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:npm/mid@0.9.0"}]}]});
    let workspace = Workspace::new().with("app/package-lock.json", LOCK).with("old.spdx.json", spdx.to_string());
    workspace.run(&[("path", "app")]).expect(0, &[]);
    let other = json!({"bomFormat": "CycloneDX", "specVersion": "1.4", "version": 1, "components": [
        {"type": "library", "name": "deep", "version": "2.0.0", "purl": "pkg:npm/deep@2.0.0", "bom-ref": "x"},
        {"type": "library", "name": "new", "version": "1", "purl": "pkg:npm/new@1", "bom-ref": "y"}],
        "dependencies": [{"ref": "x", "dependsOn": ["y"]}, {"ref": "y"}]});
    let workspace = workspace.with("other.json", other.to_string());
    let merging = [
        ("mode", "merge"),
        ("boms", "sbom.cdx.json\nother.json"),
        ("output-file", "all.cdx.json"),
        ("project-name", "shop"),
    ];
    let ended = workspace.run(&merging).expect(0, &["of 2 documents in", "1 of them in more than one"]);
    assert_eq!((ended.output("verdict"), ended.output("components")), ("merged", "4"));
    let first = workspace.bytes("all.cdx.json");
    validate(&[workspace.path("all.cdx.json")]);
    workspace
        .run(&[
            ("mode", "merge"),
            ("boms", "other.json\nsbom.cdx.json"),
            ("output-file", "all.cdx.json"),
            ("project-name", "shop"),
        ])
        .expect(0, &[]);
    assert_eq!(workspace.bytes("all.cdx.json"), first, "the order does not matter");

    let ended =
        workspace.run(&[("mode", "diff"), ("boms", "all.cdx.json"), ("compare-to", "old.spdx.json")]).expect(0, &[]);
    let counts = (ended.output("added"), ended.output("removed"), ended.output("changed"));
    assert_eq!((counts, ended.output("verdict")), (("3", "0", "1"), "different"));
    workspace.run(&[("mode", "merge")]).expect(2, &["boms: is missing"]);
    workspace.run(&[("mode", "merge"), ("boms", "old.spdx.json")]).expect(2, &["is no CycloneDX document"]);
    workspace.run(&[("mode", "diff"), ("boms", "all.cdx.json")]).expect(2, &["compare-to: is missing"]);
    workspace.run(&[("mode", "verify")]).expect(2, &["image: is missing", "public-key: is missing"]);
}

#[tokio::test]
async fn vex_statements_travel_with_the_image_and_say_what_they_are_not_about() {
    let scene = Scene::new().await;
    let image = scene.push("amd64", debian("2.36-9")).await;
    let vex = json!({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://x/1", "author": "a", "timestamp": "2026-01-01T00:00:00Z", "version": 1, "statements": [
        {"vulnerability": {"name": "CVE-2023-4911"}, "status": "not_affected", "justification": "vulnerable_code_not_present", "products": [{"@id": "pkg:deb/debian/libc6"}, {"@id": "pkg:deb/libc6"}]}]});
    let workspace = Workspace::new().with("app.openvex.json", vex.to_string());
    let (name, key) = (image.to_string(), scene.private());
    let inputs =
        [("image", name.as_str()), ("signing-key", key.as_str()), ("vex", "app.openvex.json"), ("embed-vex", "true")];
    let (workspace, ended) = scene.run(workspace, &inputs).await;
    let ended = ended.expect(0, &["CVE-2023-4911 is about", "which is not listed"]);
    assert!(ended.output("vex-referrers").starts_with("sha256:"));
    let statements = scene.statements(&image).await;
    let types: BTreeSet<&str> = statements.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(types, BTreeSet::from([predicate::CYCLONEDX, "https://openvex.dev/ns"]));
    assert_eq!(workspace.bom()["vulnerabilities"][0]["analysis"]["state"], "not_affected");
    validate(&[workspace.path("sbom.cdx.json")]);
    let refusing = [inputs.as_slice(), &[("refuse", "unknown-vex")]].concat();
    scene.run(workspace, &refusing).await.1.expect(1, &["refused"]);
    scene.sandbox.shutdown().await;
}
