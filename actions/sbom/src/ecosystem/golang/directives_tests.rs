use super::*;

fn flat(text: &str) -> Vec<(usize, String, Vec<String>, String)> {
    let read = directives(text).unwrap();
    let owned = |words: Vec<Cow<'_, str>>| words.into_iter().map(Cow::into_owned).collect();
    read.into_iter().map(|d| (d.line, d.verb.to_owned(), owned(d.words), d.comment.to_owned())).collect()
}

#[test]
fn directives_of_a_block_are_the_same_as_directives_of_their_own() {
    let line = |line, words: &[&str], comment: &str| {
        (line, "require".to_owned(), words.iter().map(|word| (*word).to_owned()).collect(), comment.to_owned())
    };
    let block = "require (\r\n\ta v1 // indirect\r\n\n\t// a comment\n\t\"b c\" `v2`\n)\n";
    assert_eq!(flat(block), [line(2, &["a", "v1"], "indirect"), line(5, &["b c", "v2"], "")]);
    assert_eq!(flat("require a v1// indirect\n"), [line(1, &["a", "v1"], "indirect")]);
    assert_eq!(flat("require( // why\na v1\n) // done\n"), [line(2, &["a", "v1"], "")]);
    assert_eq!(flat("// only a comment"), []);
}

#[test]
fn brackets_are_words_of_their_own() {
    let read = directives("retract (\n\t[v1.0.0, v1.9.9] // broken\n\tv0.53.1 // Published in error.\n)\n").unwrap();
    assert_eq!(read[0].words, ["[", "v1.0.0", ",", "v1.9.9", "]"]);
    assert_eq!((read[1].words.as_slice(), read[1].comment), (&[Cow::from("v0.53.1")][..], "Published in error."));
}

#[test]
fn what_does_not_end_is_refused_with_its_line() {
    for (text, line, wanted) in [
        ("module m\nrequire (\n\ta v1\n", 2, "cut off"),
        ("require (\nreplace (\n)\n", 2, "parenthesis"),
        ("a v1\n)\n", 2, "parenthesis"),
        ("require a b (\n)\n", 1, "parenthesis"),
        ("module \"m\n", 1, "without end"),
        ("module `m\n", 1, "without end"),
        ("module \"\\u0041\"\n", 1, "escape"),
        ("\"module\" m\n", 1, "no directive"),
    ] {
        let error = directives(text).unwrap_err();
        assert_eq!((error.line, error.message.contains(wanted)), (line, true), "{text}: {error}");
    }
}
