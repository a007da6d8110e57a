use super::*;

const SIXTH: &str = r#"version: 6
environments:
  default:
    channels:
    - url: https://conda.anaconda.org/conda-forge/
    indexes:
    - https://pypi.org/simple
    packages:
      linux-64:
      - conda: https://conda.anaconda.org/conda-forge/linux-64/python-3.12.1-h1_0.conda
      - conda: https://conda.anaconda.org/conda-forge/noarch/py-idna-3.7-pyhd_0.conda
      - conda: https://conda.anaconda.org/conda-forge/linux-64/libzlib-1.2-h2_5.tar.bz2
      - pypi: https://files.pythonhosted.org/packages/requests-2.0-py3-none-any.whl
      - pypi: https://files.pythonhosted.org/packages/socks-1.0-py3-none-any.whl
      - pypi: ./
  osx:
    channels: []
    packages:
      osx-64:
      - pypi: https://files.pythonhosted.org/packages/requests-2.0-py3-none-any.whl
      - pypi: git+https://git.example.com/forked?rev=main#0123abc
packages:
- conda: https://conda.anaconda.org/conda-forge/linux-64/libzlib-1.2-h2_5.tar.bz2
  sha256: SUM
  md5: 00112233445566778899aabbccddeeff
  depends:
  - __glibc >=2.17
  license: Zlib
  purls: []
- conda: https://conda.anaconda.org/conda-forge/linux-64/python-3.12.1-h1_0.conda
  depends:
  - libzlib >=1.2
  license: None
  purls: []
- conda: https://conda.anaconda.org/conda-forge/noarch/py-idna-3.7-pyhd_0.conda
  depends:
  - python
  purls:
  - pkg:pypi/idna?source=hash-mapping
- pypi: ./
  name: own
  version: 0.1.0
  sha256: SUM
  requires_dist:
  - requests[socks]>=2
- pypi: https://files.pythonhosted.org/packages/requests-2.0-py3-none-any.whl
  name: requests
  version: '2.0'
  sha256: SUM
  requires_dist:
  - idna>=2
  - socks>=1 ; extra == 'socks'
  - tomli ; python_full_version < '3.11'
  - colorama ; sys_platform == 'win32'
  - never ; extra == 'dev'
- pypi: https://files.pythonhosted.org/packages/socks-1.0-py3-none-any.whl
  name: socks
  version: '1.0'
- pypi: git+https://git.example.com/forked?rev=main#0123abc
  name: forked
  version: 0.2.0
"#;

fn sixth() -> String {
    SIXTH.replace("SUM", &"ab".repeat(32))
}

fn edges(inventory: &Inventory) -> Vec<String> {
    let name = |index: &usize| inventory.packages[*index].name.clone();
    let needs = |package: &Package| package.needs.iter().map(name).collect::<Vec<_>>().join(" ");
    inventory.packages.iter().map(|package| format!("{} → {}", package.name, needs(package))).collect()
}

#[test]
fn python_needs_count_by_marker_and_extra_and_conda_may_fulfil_them() {
    let inventory = parse(sixth().as_bytes()).unwrap();
    assert_eq!(
        edges(&inventory),
        [
            "libzlib → ",
            "python → libzlib",
            "py-idna → python",
            "own → requests",
            "requests → py-idna socks",
            "socks → ",
            "forked → ",
        ]
    );
    let purls: Vec<_> = inventory.packages.iter().map(|package| package.origin.clone()).collect();
    assert_eq!(
        purls[0],
        Origin::Purl("pkg:conda/libzlib@1.2?build=h2_5&channel=conda-forge&subdir=linux-64&type=tar.bz2".into())
    );
    assert_eq!(purls[3], Origin::Own);
    assert_eq!(purls[4], Origin::Purl("pkg:pypi/requests@2.0".into()));
    let forked = "pkg:pypi/forked@0.2.0?vcs_url=git%2Bhttps:%2F%2Fgit.example.com%2Fforked%400123abc";
    assert_eq!(purls[6], Origin::Purl(forked.into()));
    assert!(inventory.packages[1].licences.is_empty());
    // On osx nothing fulfils idna.
    assert_eq!(inventory.packages[4].needs_known, Knowledge::Incomplete);
    assert_eq!(inventory.packages[3].checksums.len(), 0);
}

#[test]
fn version_4_and_5_say_kind_and_name() {
    let fifth = "version: 5
environments:
  default:
    channels: []
    packages:
      noarch:
      - conda: https://prefix.dev/team/noarch/a-1-0.conda
      - pypi: ../b
packages:
- kind: conda
  name: a
  version: '1'
  build: '0'
  subdir: noarch
  url: https://prefix.dev/team/noarch/a-1-0.conda
- kind: pypi
  name: b
  version: 0.1.0
  path: ../b
";
    let inventory = parse(fifth.as_bytes()).unwrap();
    let purl = "pkg:conda/a@1?build=0&channel=team&repository_url=https:%2F%2Fprefix.dev&subdir=noarch&type=conda";
    assert_eq!(inventory.packages[0].origin, Origin::Purl(purl.to_owned()));
    assert_eq!(inventory.packages[1].origin, Origin::Own);
}

#[test]
fn a_file_cut_off_between_packages_is_refused() {
    let lock = sixth();
    for end in 0..lock.len() {
        if let Ok(inventory) = parse(&lock.as_bytes()[..end]) {
            assert_eq!(inventory.packages.len(), 7, "{}", &lock[..end]);
        }
    }
}

#[test]
fn what_pixi_would_not_write_is_refused_and_an_unknown_version_is_a_finding() {
    for text in ["", "version: 6\n", "version: 6\nenvironments: {}\npackages:\n- name: a\n"] {
        assert!(parse(text.as_bytes()).is_err(), "{text}");
    }
    assert_eq!(parse(b"version: 8\n").unwrap().remarks[0].kind, FindingKind::UnknownVersion);
}
