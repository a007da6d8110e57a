use super::*;

fn select(query: &str, document: &str) -> Vec<(String, String)> {
    let document = Json::parse(document.as_bytes()).unwrap();
    let query: Path = query.parse().unwrap();
    query.nodes(&document).unwrap().into_iter().map(|node| (node.path(), node.value.to_string())).collect()
}

/// The bookstore of RFC 9535, section 1.5, and its table of queries.
#[test]
fn the_examples_of_the_standard_select_what_it_says() {
    let store = r#"{"store": {"book": [
        {"category": "reference", "author": "Nigel Rees", "title": "Sayings of the Century", "price": 8.95},
        {"category": "fiction", "author": "Evelyn Waugh", "title": "Sword of Honour", "price": 12.99},
        {"category": "fiction", "author": "Herman Melville", "title": "Moby Dick", "isbn": "0-553-21311-3", "price": 8.99},
        {"category": "fiction", "author": "J. R. R. Tolkien", "title": "The Lord of the Rings", "isbn": "0-395-19395-8", "price": 22.99}],
        "bicycle": {"color": "red", "price": 399}}}"#;
    let paths = |query: &str| select(query, store).into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    let books = |numbers: &[usize]| numbers.iter().map(|n| format!("$.store.book[{n}]")).collect::<Vec<_>>();
    assert_eq!(paths("$.store.book[*].author").len(), 4);
    assert_eq!(paths("$..author").len(), 4);
    assert_eq!(paths("$.store.*").len(), 2);
    assert_eq!(paths("$.store..price").len(), 5);
    assert_eq!(paths("$..book[2]"), books(&[2]));
    assert_eq!(paths("$..book[2].publisher"), Vec::<String>::new());
    assert_eq!(paths("$..book[-1]"), books(&[3]));
    assert_eq!(paths("$..book[0,1]"), books(&[0, 1]));
    assert_eq!(paths("$..book[:2]"), books(&[0, 1]));
    assert_eq!(paths("$..book[?@.isbn]"), books(&[2, 3]));
    assert_eq!(paths("$..book[?@.price<10]"), books(&[0, 2]));
    assert_eq!(paths("$..*").len(), 27);
}

#[test]
fn selected_numbers_are_the_tokens_of_the_text_and_compare_as_decimals() {
    let body = r#"{"a b": [12345678901234567.10, 1.50], "it's": {"ü": 1e2}}"#;
    assert_eq!(select("$['a b'][1]", body), [("$['a b'][1]".to_owned(), "1.50".to_owned())]);
    assert_eq!(select("$['a b'][-2]", body), [("$['a b'][0]".to_owned(), "12345678901234567.10".to_owned())]);
    assert_eq!(select("$[\"it's\"].ü", body), [("$['it\\'s'].ü".to_owned(), "1e2".to_owned())]);
    // As binary floating point, all three would be equal.
    let giants = "[12345678901234567, 12345678901234568, 12345678901234567.0]";
    assert_eq!(select("$[?@ == 12345678901234567]", giants).len(), 2);
}

#[test]
fn a_query_is_singular_only_when_it_cannot_select_two_nodes() {
    for (query, singular) in [
        ("$", true),
        ("$.a.b[0]['c'][-1]", true),
        ("$['*?:,..']", true),
        ("$[\"a\\\"*\"]", true),
        ("$.a[*]", false),
        ("$.*", false),
        ("$..a", false),
        ("$[0,1]", false),
        ("$[1:2]", false),
        ("$[?@.a]", false),
        ("$['a','b']", false),
    ] {
        assert_eq!(query.parse::<Path>().unwrap().is_singular(), singular, "{query}");
    }
    for bad in ["", "a", "$.", "$[", "$.a b", "$[01]", "$[?@.a == ]", " $"] {
        assert!(bad.parse::<Path>().is_err(), "{bad}");
    }
    assert_eq!(
        "$.a[?@.b == ]".parse::<Path>().unwrap_err().to_string(),
        "expected a query, a value or a function at character 13"
    );
}

#[test]
fn neither_a_deep_query_nor_a_wide_document_costs_more_than_its_bound() {
    let deep = format!("$[?{}@.a{}]", "(".repeat(1000), ")".repeat(1000));
    assert!(deep.parse::<Path>().unwrap_err().problem.starts_with("nested deeper"));
    assert!(format!("${}", "[?@".repeat(1000)).parse::<Path>().is_err());
    let wide = Json::List((0..4000).map(|n| Json::Number(n.to_string())).collect());
    let query: Path = "$[?count($[*]) > 0]".parse().unwrap();
    assert!(matches!(query.nodes(&wide), Err(TooMany)));
    assert_eq!("$..*".parse::<Path>().unwrap().nodes(&wide).unwrap().len(), 4000);
}
