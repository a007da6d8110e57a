use super::*;
use crate::wire::Head;
use std::time::Duration;

fn contract(version: &str, schema: &str, extra: Extra) -> Contract {
    let document = format!(
        r##"{{"openapi": "{version}", "paths": {{"/things/{{id}}": {{"get": {{"responses": {{
            "200": {{"headers": {{"X-Count": {{"required": true, "schema": {{"type": "integer"}}}}}},
                    "content": {{"application/json": {{"schema": {schema}}}}}}},
            "4XX": {{"$ref": "#/components/responses/Refused"}}}}}}}}}},
            "components": {{"responses": {{"Refused": {{"content": {{"text/plain": {{}}}}}}}},
            "schemas": {{"Name": {{"type": "string"}}}}}}}}"##
    );
    Contract::read(document.as_bytes(), extra).unwrap()
}

fn check(contract: &Contract, path: &str, answer: &str) -> Vec<String> {
    let (head, body) = answer.split_once("\n\n").unwrap();
    let head = Head::read(head).unwrap();
    let at = "2026-09-21T06:00:00Z".parse().unwrap();
    let answer =
        Answer { status: head.status, head, body: body.as_bytes().to_vec(), json: None, took: Duration::ZERO, at };
    let found = contract.check(&Method::GET, path, &answer).into_iter();
    found.map(|m| format!("{}: {} | {}", m.path, m.expected, m.seen)).collect()
}

const GOOD: &str = "HTTP/1.1 200 OK\nContent-Type: application/json; charset=utf-8\nX-Count: 3\n\n";

#[test]
fn an_answer_is_one_of_those_the_document_describes() {
    let schema = r##"{"type": "object", "required": ["name"], "properties": {"name": {"$ref": "#/components/schemas/Name"}, "n": {"type": "integer", "format": "int32"}}}"##;
    let ignoring = contract("3.1.0", schema, Extra::Ignored);
    let good = |body: &str| check(&ignoring, "/things/1?x=y", &(GOOD.to_owned() + body));
    assert!(good(r#"{"name": "a", "n": 3.0, "more": 1}"#).is_empty());
    assert_eq!(good(r#"{"n": 4294967296}"#), ["$.name: present | missing", "$.n: a int32 | 4294967296"]);
    assert_eq!(good("<html>"), ["body: JSON | expected a JSON value at byte 0"]);
    let refusing = contract("3.1.0", schema, Extra::Refused);
    assert_eq!(
        check(&refusing, "/things/1", &(GOOD.to_owned() + r#"{"name": "a", "more": 1}"#)),
        ["$.more: a described member | 1"]
    );
    for (path, answer, problem) in [
        ("/other", GOOD, "contract: an operation of the OpenAPI document | GET /other"),
        ("/things/1", "HTTP/1.1 500 Oops\n\n", "contract: one of the documented statuses 200, 4XX | 500"),
        (
            "/things/1",
            "HTTP/1.1 404 Gone\ncontent-type: text/html\n\n",
            "contract: content-type text/plain | text/html",
        ),
        (
            "/things/1",
            "HTTP/1.1 200 OK\ncontent-type: application/json\n\n{\"name\": \"\"}",
            "header X-Count: a header | missing",
        ),
        (
            "/things/1",
            "HTTP/1.1 200 OK\ncontent-type: application/json\nx-count: many\n\n{\"name\": \"\"}",
            "header X-Count: integer | \"many\"",
        ),
    ] {
        assert_eq!(check(&ignoring, path, answer).first().map(String::as_str), Some(problem));
    }
    assert!(check(&ignoring, "/things/1", "HTTP/1.1 404 Gone\ncontent-type: text/plain\n\nno").is_empty());
}

#[test]
fn openapi_three_point_nought_has_its_own_words() {
    let old = |schema: &str, body: &str| {
        check(&contract("3.0.3", schema, Extra::Ignored), "/things/1", &(GOOD.to_owned() + body)).len()
    };
    assert_eq!(old(r#"{"type": "string", "nullable": true}"#, "null"), 0);
    assert_eq!(old(r#"{"type": "string"}"#, "null"), 1);
    assert_eq!(
        old(r#"{"nullable": true, "allOf": [{"type": "string"}]}"#, "null"),
        1,
        "it says nothing without a type"
    );
    assert_eq!(old(r#"{"type": "number", "minimum": 1, "exclusiveMinimum": true}"#, "1"), 1);
    assert_eq!(
        old(r##"{"$ref": "#/components/schemas/Name", "maxLength": 1}"##, "\"long\""),
        0,
        "nothing stands beside a $ref"
    );
    assert_eq!(
        check(
            &contract("3.1.0", r##"{"$ref": "#/components/schemas/Name", "maxLength": 1}"##, Extra::Ignored),
            "/things/1",
            &(GOOD.to_owned() + "\"long\"")
        )
        .len(),
        1
    );
}

#[test]
fn a_document_that_cannot_be_understood_is_refused_with_all_that_is_wrong() {
    let problems = |text: &str| Contract::read(text.as_bytes(), Extra::Ignored).unwrap_err();
    assert_eq!(problems("{\"swagger\": \"2.0\"}"), ["is no OpenAPI document: it has no `openapi`"]);
    assert_eq!(problems("openapi: 4.0.0\npaths: {}\n"), ["says it is OpenAPI \"4.0.0\"; 3.0 and 3.1 are known"]);
    assert_eq!(problems("openapi: 3.1.0\n"), ["is no OpenAPI document: it has no `paths`"]);
    let wrong = r##"{"openapi": "3.1.0", "paths": {}, "components": {"schemas": {"A": {"$ref": "#/nowhere"},
        "B": {"$ref": "http://example.org/x.json"}, "C": {"pattern": "(?=x)"}, "D": {"example": {"$ref": "#/no"}}}}}"##;
    assert_eq!(
        problems(wrong),
        [
            "the pattern `(?=x)` cannot be used: error: look-around, including look-ahead and look-behind, is not supported",
            "`#/nowhere` leads nowhere in the document",
            "`http://example.org/x.json` leads nowhere in the document",
        ]
    );
}

#[test]
fn a_keyword_is_one_where_keywords_stand_and_a_name_where_the_author_gives_names() {
    let read = |schemas: &str, responses: &str| {
        let text = format!(
            r#"{{"openapi": "3.1.0", "components": {{"schemas": {schemas}}},
                "paths": {{"/a": {{"get": {{"responses": {responses}}}}}}}}}"#
        );
        Contract::read(text.as_bytes(), Extra::Ignored)
    };
    let lost = |schemas: &str, responses: &str| read(schemas, responses).unwrap_err().len();
    for name in ["default", "example", "examples", "enum", "const", "pattern", "properties", "$ref"] {
        let member = format!(r##"{{"A": {{"properties": {{"{name}": {{"$ref": "#/nowhere"}}}}}}}}"##);
        assert_eq!(lost(&member, "{}"), 1, "{name} as a member of an object");
        let schema = format!(r##"{{"{name}": {{"pattern": "(?=x)"}}}}"##);
        assert_eq!(lost(&schema, "{}"), 1, "{name} as a schema's name");
    }
    assert_eq!(lost("{}", r##"{"default": {"$ref": "#/nowhere"}}"##), 1, "the response for every other status");
    let values = r##"{"A": {"default": {"$ref": "#/no"}, "enum": [{"$ref": "#/no"}], "const": {"pattern": "("},
        "properties": {"a": {"example": {"$ref": "#/no"}, "examples": [{"maximum": 1e9999}]}}}}"##;
    assert!(read(values, "{}").is_ok(), "{:?}", read(values, "{}"));
    // The one promise of the response for all other statuses is kept.
    let schema = r##"{"application/json": {"schema": {"properties": {"example": {"pattern": "^a"}}}}}"##;
    let default = read("{}", &format!(r##"{{"default": {{"content": {schema}}}}}"##)).unwrap();
    assert!(check(&default, "/a", &(GOOD.to_owned() + r#"{"example": "ab"}"#)).is_empty());
    assert_eq!(check(&default, "/a", &(GOOD.to_owned() + r#"{"example": "ba"}"#)).len(), 1);
}

#[test]
fn a_value_that_a_reference_makes_a_schema_is_looked_at_like_one() {
    let with = |value: &str| {
        let text = format!(
            r##"{{"openapi": "3.1.0", "components": {{"schemas": {{"A": {{"default": {value}}}}}}},
                "paths": {{"/a": {{"get": {{"responses": {{"200": {{"content": {{"application/json": {{
                "schema": {{"$ref": "#/components/schemas/A/default"}}}}}}}}}}}}}}}}}}"##
        );
        Contract::read(text.as_bytes(), Extra::Ignored)
    };
    let closed = with(r##"{"patternProperties": {"^a": false, "^b": {"$ref": "#/components/schemas/A/default"}}}"##);
    let closed = closed.unwrap();
    assert_eq!(check(&closed, "/a", &(GOOD.to_owned() + r#"{"b": {"ab": 1}}"#)).len(), 1);
    assert!(check(&closed, "/a", &(GOOD.to_owned() + r#"{"b": {"b": {}}}"#)).is_empty());
    assert_eq!(with(r##"{"$ref": "#/nowhere"}"##).unwrap_err().len(), 1);
}

#[test]
fn a_limit_that_cannot_be_held_is_a_problem_and_not_none() {
    for limit in ["1e2000", "\"5\""] {
        for keyword in [
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
            "minLength",
            "maxLength",
            "minItems",
            "maxItems",
            "minProperties",
            "maxProperties",
            "minContains",
            "maxContains",
        ] {
            let text = format!(
                r#"{{"openapi": "3.1.0", "paths": {{}}, "components": {{"schemas": {{"A": {{"{keyword}": {limit}}}}}}}}}"#
            );
            let problems = Contract::read(text.as_bytes(), Extra::Ignored).unwrap_err();
            let told = format!("the limit {keyword} at `/components/schemas/A`");
            assert!(problems.len() == 1 && problems[0].starts_with(&told), "{problems:?}");
        }
    }
    let member =
        r#"{"openapi": "3.1.0", "paths": {}, "components": {"schemas": {"A": {"properties": {"minimum": true}}}}}"#;
    assert!(Contract::read(member.as_bytes(), Extra::Ignored).is_ok());
}

#[test]
fn a_schema_in_circles_ends_and_fits_nothing() {
    let circle = r##"{"openapi": "3.1.0", "paths": {"/a": {"get": {"responses": {"200": {"content": {"*/*": {"schema": {"$ref": "#/components/schemas/A"}}}}}}}},
        "components": {"schemas": {"A": {"allOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/A"}]}}}}"##;
    let found = check(&Contract::read(circle.as_bytes(), Extra::Ignored).unwrap(), "/a", &(GOOD.to_owned() + "1"));
    assert!(found.iter().any(|problem| problem.contains("it leads in circles")), "{found:?}");
}

#[test]
fn what_a_new_contract_breaks_is_told() {
    let with = |schema: &str| contract("3.1.0", schema, Extra::Ignored);
    let old = r#"{"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}, "b": {"enum": ["x", "y"]}, "c": {"type": "array", "items": {"type": "string"}}}}"#;
    let new = r#"{"type": "object", "properties": {"a": {"type": "number"}, "b": {"enum": ["x", "z"]}, "c": {"type": "array", "items": {"type": ["string", "null"]}}, "d": {}}}"#;
    assert!(breaking(&with(old), &with(old)).is_empty());
    assert_eq!(
        breaking(&with(old), &with(new)),
        [
            "GET /things/{id}: 200: $.a: was integer, is number",
            "GET /things/{id}: 200: $.a may be missing now",
            "GET /things/{id}: 200: $.b: may be \"z\" now",
            "GET /things/{id}: 200: $.c[*]: was string, is string or null",
        ]
    );
    let gone = Contract::read(br#"{"openapi": "3.1.0", "paths": {}}"#, Extra::Ignored).unwrap();
    assert_eq!(breaking(&with(old), &gone), ["/things/{id} is gone"]);
    assert!(breaking(&gone, &with(old)).is_empty());
    let asking = |body: &str| {
        let text = format!(
            r#"{{"openapi": "3.1.0", "paths": {{"/a": {{"post": {{"parameters": [{body}], "requestBody": {{"content": {{"application/json": {{"schema": {{"properties": {{"n": {{"type": "number"}}}}}}}}}}}}}}}}}}}}"#
        );
        Contract::read(text.as_bytes(), Extra::Ignored).unwrap()
    };
    let (free, strict) = (asking(""), asking(r#"{"in": "query", "name": "q", "required": true}"#));
    assert_eq!(breaking(&free, &strict), ["POST /a: the parameter \"q\" is demanded now"]);
    assert!(breaking(&strict, &free).is_empty());
}
