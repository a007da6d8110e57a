use super::*;
use crate::graph::Knowledge;

const LISTING: &str = "path\texample.com/app/cmd/app\n\
mod\texample.com/app\t(devel)\t\n\
dep\tgithub.com/BurntSushi/toml\tv1.4.0\th1:kuoIxZQy2WRRk1pttg9asf+WVv6tWQuBNVmK8+nqPr0=\n\
dep\texample.com/old\tv1.0.0\n\
=>\texample.com/new\tv2.0.0+incompatible\th1:abc=\n\
dep\texample.com/local\tv1.0.0\n\
=>\t./local\t(devel)\t\n\
build\t-ldflags=\"-X main.token=secret\"\n\
build\tGOOS=linux\n\
build\tvcs.revision=0123abcd\n";

fn purls(inventory: &Inventory) -> Vec<Option<&str>> {
    let purl = |package: &Package| match &package.origin {
        Origin::Purl(purl) => Some(purl.clone().leak() as &str),
        _ => None,
    };
    inventory.packages.iter().map(purl).collect()
}

#[test]
fn a_program_is_its_module_what_it_needs_and_the_standard_library() {
    let inventory = inventory("go1.22.3 X:boringcrypto", LISTING).unwrap();
    assert_eq!(
        purls(&inventory),
        [
            Some("pkg:golang/example.com/app"),
            Some("pkg:golang/github.com/BurntSushi/toml@v1.4.0"),
            Some("pkg:golang/example.com/new@v2.0.0%2Bincompatible"),
            None,
            Some("pkg:golang/stdlib@1.22.3"),
        ]
    );
    let main = &inventory.packages[0];
    assert_eq!((main.version.as_deref(), main.needs.as_slice()), (None, &[1, 2, 3, 4][..]));
    assert_eq!(main.properties["lockkeeper:go:vcs-revision"], "0123abcd");
    assert!(!main.properties.values().any(|value| value.contains("secret")));
    let toml = &inventory.packages[1];
    assert_eq!((toml.name.as_str(), toml.needs_known), ("github.com/BurntSushi/toml", Knowledge::Unknown));
    assert_eq!(toml.properties[H1], "h1:kuoIxZQy2WRRk1pttg9asf+WVv6tWQuBNVmK8+nqPr0=");
    assert_eq!(inventory.packages[2].properties["lockkeeper:go:replaces"], "example.com/old@v1.0.0");
    assert_eq!(
        (inventory.packages[3].name.as_str(), &inventory.packages[3].origin),
        ("example.com/local", &Origin::Own)
    );
    assert_eq!(inventory.direct, Some(vec![0]));
}

#[test]
fn a_program_of_loose_files_is_nobody_elses_and_one_without_modules_is_the_library_alone() {
    let loose = inventory("go1.26.1", "path\tcommand-line-arguments\ndep\texample.com/a\tv1.0.0\n").unwrap();
    let names: Vec<_> = loose.packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(names, ["example.com/a", "stdlib", "command-line-arguments"]);
    assert_eq!((&loose.packages[2].origin, &loose.packages[2].needs), (&Origin::Own, &vec![0, 1]));
    let bare = inventory("devel go1.27-0123 Mon Nov 16", "").unwrap();
    assert_eq!(purls(&bare), [Some("pkg:golang/stdlib")]);
    assert_eq!(bare.packages[0].properties["lockkeeper:go:toolchain"], "devel go1.27-0123 Mon Nov 16");
}

#[test]
fn a_list_that_go_would_not_write_is_refused() {
    assert!(inventory("go1.22.0", "=>\ta\tv1\n").unwrap_err().contains("replaces"));
    assert!(inventory("go1.22.0", "dep\t\tv1.0.0\n").unwrap_err().contains("no module"));
}
