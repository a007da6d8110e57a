use super::*;

#[test]
fn elements_have_their_text_and_their_line() {
    let text = "<?xml version=\"1.0\"?>\n<!DOCTYPE p [<!ENTITY x \"expanded\">]>\n<p xmlns='u'>\n <!-- c -->\n\
                 <q:a b='c'> one &amp; <![CDATA[<two>]]>\n &#65;&x; </q:a>\n <empty/>\n</p>\n";
    let root = parse(text).unwrap();
    assert_eq!((root.name.as_str(), root.line, root.children.len()), ("p", 3, 2));
    assert_eq!(root.text_of("a"), Some("one & <two>\n A\u{fffd}"));
    assert_eq!((root.children[0].line, root.text_of("empty")), (5, None));
}

#[test]
fn what_is_cut_off_or_too_deep_is_refused() {
    let whole = "<p><a>1</a></p>";
    for end in 0..whole.len() {
        assert!(parse(&whole[..end]).is_err(), "{end}");
    }
    let error = parse("<p>\n<a>\n").unwrap_err();
    assert_eq!((error.line, error.message.contains("cut off")), (2, true), "{error}");
    assert!(parse("<p></q>").is_err() && parse("</p>").is_err());
    assert!(parse(&"<a>".repeat(100_000)).unwrap_err().message.contains("deep"));
}

#[test]
fn latin_1_is_read_where_it_is_declared() {
    let declared = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><p>J\xf6rg</p>";
    assert_eq!(parse(&decode(declared).unwrap()).unwrap().text, "Jörg");
    assert_eq!(decode(b"<?xml version=\"1.0\"?>\n<p>\xf6</p>").unwrap_err().line, 2);
}
