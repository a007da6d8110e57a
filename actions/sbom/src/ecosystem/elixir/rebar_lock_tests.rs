use super::*;

/// Written by rebar3; see the README beside it. `rebar3 tree` shows `delta` under `gamma` under the project.
const REAL: &[u8] = include_bytes!("../../../tests/beam/rebar.lock");

const LOCK: &str = r#"{"1.2.0",
[{<<"certifi">>,{pkg,<<"certifi">>,<<"2.9.0">>},0},
 {<<"idna">>,{pkg,<<"idna_beam">>,<<"6.1.1">>},1},
 {<<"part">>,{git_subdir,"https://example.com/mono.git",{ref,"abc"},"apps/part"},0},
 {<<"odd">>,{hg,"https://example.com/x",{ref,"abc"}},0}]}.
[
{pkg_hash,[
 {<<"certifi">>, <<"6F2A475689DD47F19FB74334859D460A2DC4E3252A3324BD2111B8F0429E7E21">>}]},
{pkg_hash_ext,[
 {<<"certifi">>, <<"266DA46BDB06D6C6D35FDE799BCB28D36D985D424AD7C08B5BB48F5B5CDD4641">>}]}
].
"#;

#[test]
fn the_level_tells_what_the_project_asks_for() {
    let inventory = parse(REAL).unwrap();
    let names: Vec<_> = inventory.packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!((names.as_slice(), inventory.direct.as_deref()), (["delta", "gamma"].as_slice(), Some([1].as_slice())));
    let delta = "c71548a0ed5bd49266f1dda95b14e865054c092e";
    assert_eq!(inventory.packages[0].version.as_deref(), Some(delta));
}

#[test]
fn the_outer_checksum_is_that_of_the_archive() {
    let inventory = parse(LOCK.as_bytes()).unwrap();
    let purls: Vec<_> = inventory.packages.iter().map(|package| package.origin.clone()).collect();
    let mono = "pkg:hex/part@abc?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fmono.git%40abc#apps/part";
    assert_eq!(
        purls,
        ["pkg:hex/certifi@2.9.0", "pkg:hex/idna_beam@6.1.1", mono].map(|purl| Origin::Purl(purl.to_owned()))
    );
    let sums: Vec<_> = inventory.packages[0].checksums.iter().map(|sum| sum.hex.as_str()).collect();
    assert_eq!(sums, ["266da46bdb06d6c6d35fde799bcb28d36d985d424ad7c08b5bb48f5b5cdd4641"]);
    assert_eq!(inventory.remarks[0].text, "`odd` is locked in a way that is not known: it is not listed");
    assert_eq!(inventory.direct, Some(vec![0, 2]));
}

#[test]
fn a_file_cut_off_between_its_terms_is_a_finding() {
    let cut = &LOCK[..LOCK.find("[\n{pkg_hash").unwrap()];
    let inventory = parse(cut.as_bytes()).unwrap();
    assert_eq!(inventory.listing, Knowledge::Incomplete);
    assert_eq!(inventory.remarks.last().unwrap().kind, FindingKind::Broken);
}

#[test]
fn what_rebar3_would_not_write_is_refused_and_an_unknown_version_is_a_finding() {
    for lock in ["", "{\"1.2.0\"}.", "{1.2,[]}.", "[{a,b}].", "[", "[]"] {
        assert!(parse(lock.as_bytes()).is_err(), "{lock}");
    }
    assert!(parse(b"[].").unwrap().packages.is_empty());
    assert_eq!(parse(b"{\"2.0.0\",[]}.").unwrap().remarks[0].kind, FindingKind::UnknownVersion);
}
