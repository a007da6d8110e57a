use super::*;
use crate::graph::Origin;

#[test]
fn only_modules_with_something_below_them_are_there() {
    let text = "## workspace\n# example.com/a v1.0.0\n## explicit; go 1.17\nexample.com/a\nexample.com/a/b\n\
                # example.com/c v1.0.0 => example.com/d v2.0.0\nexample.com/c\n\
                # example.com/e v1.0.0 => ./e\n## explicit\nexample.com/e\n\
                # example.com/e => ./e\n# example.com/f => example.com/g v1.0.0\n";
    let inventory = parse(text.as_bytes()).unwrap();
    let named: Vec<_> = inventory.packages.iter().map(|p| (p.name.as_str(), p.version.as_deref(), p.line)).collect();
    let wanted = [
        ("example.com/a", Some("v1.0.0"), Some(2)),
        ("example.com/d", Some("v2.0.0"), Some(6)),
        ("example.com/e", None, Some(8)),
    ];
    assert_eq!(named, wanted);
    assert_eq!(inventory.packages[2].origin, Origin::Own);
    assert_eq!(inventory.packages[1].properties["lockkeeper:go:replaces"], "example.com/c@v1.0.0");
}

#[test]
fn what_go_would_not_write_is_refused() {
    for (text, line) in
        [("example.com/a\n", 1), ("# a\nx\n", 1), ("# a v1 => b\nx\n", 1), ("# a v1.0.0\na\n# b v1.2", 3)]
    {
        assert_eq!(parse(text.as_bytes()).unwrap_err().line, line, "{text}");
    }
}
