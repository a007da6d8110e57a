use super::*;

fn both(text: &str) -> (Option<Vec<Node<'_>>>, Result<Vec<Node<'static>>, ParseError>) {
    (block::documents(text), whole::documents(text))
}

/// Without lines, which the real parser does not tell.
fn bare(node: &Node<'_>) -> String {
    match node {
        Node::Null => "null".to_owned(),
        Node::Scalar(text) => format!("{text:?}"),
        Node::List(items) => format!("[{}]", items.iter().map(bare).collect::<Vec<_>>().join(",")),
        Node::Map(entries) => {
            let entries = entries.iter().map(|entry| format!("{:?}:{}", entry.key, bare(&entry.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
    }
}

#[test]
fn what_package_managers_write_is_read_as_the_real_parser_reads_it() {
    for text in [
        "a: b\n",
        "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    x:\n      specifier: ^1.0.0\n      version: 1.0.0\n",
        "a: {integrity: sha512-ab+/cd==, tarball: 'https://x/y.tgz'}\nb: [x64, arm64]\nc: {}\nd: []\ne:\nf: null\n",
        "'@s/a@1.0.0(b@2.0.0)':\n  x: 'it''s'\n\"q@npm:^1, q@npm:^2\":\n  y: \"npm:^1\"\n  z: \"a\\\"b\\u00e9\"\n",
        "list:\n  - a\n  - b: 1\n    c: 2\n  -\n    d: e\nsame:\n- x\n- y: z\n",
        "# comment\na: b # not here\n",
        "a:\n  b: c\r\n  d: e\r\n",
        "---\na: 1\n---\nb: 2\n",
        "---\n---\na: b\n",
        "x: a:b\ny: http://h/p#f\nz: >=1 <2\n",
        "/a/1.0.0_b@2.0.0: {}\n/@s/x/1.0.0:\n  dev: true\n",
        "a: {b: {c: d}, e: [f, {g: h}]}\n",
        "conditions: os=darwin & cpu=x64\n",
        "a: \"\"\nb: ''\n",
    ] {
        let (quick, real) = both(text);
        let shown = |nodes: &[Node<'_>]| nodes.iter().map(bare).collect::<Vec<_>>();
        if let Some(quick) = quick {
            assert_eq!(shown(&quick), shown(&real.unwrap()), "{text}");
        } else {
            assert!(["# comment", "x: a:b"].iter().any(|start| text.starts_with(start)), "given up: {text}");
        }
    }
}

#[test]
fn what_they_do_not_write_is_left_to_the_real_parser() {
    for text in [
        "a: &x b\nc: *x\n",
        "a: !t b\n",
        "a: b\n  c\n",
        "a: 'b\n  c'\n",
        "? a\n: b\n",
        "a:\tb\n",
        "a: {b: c,\n  d: e}\n",
        "a\n",
        "<<: {a: b}\n",
        "a: b\n   c: d\n",
        "<<<<<<< HEAD\na: b\n",
        "a: b # c\n",
    ] {
        assert_eq!(block::documents(text), None, "{text}");
    }
}

#[test]
fn a_line_is_known_for_every_key() {
    let documents = documents("a:\n\n  b: c\n# x\nd: |-\n  one\n\n  # two\ne: f\n").unwrap();
    let lines: Vec<_> = documents[0].entries().iter().map(|entry| (&*entry.key, entry.line)).collect();
    assert_eq!(lines, [("a", 1), ("d", 5), ("e", 9)]);
    assert_eq!(documents[0].get("a").unwrap().entries()[0].line, 3);
}

#[test]
fn a_bomb_of_aliases_and_endless_nesting_are_refused() {
    let mut bomb = "a0: &a0 [x, x]\n".to_owned();
    (1..40).for_each(|n| bomb += &format!("a{n}: &a{n} [*a{}, *a{}]\n", n - 1, n - 1));
    assert!(documents(&bomb).is_err());
    assert!(documents(&"[".repeat(100_000)).is_err());
    assert!(documents(&format!("a: {}{}", "[".repeat(90), "]".repeat(90))).is_err());
    let stairs: String = (0..200).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    assert!(documents(&stairs).is_err());
}
