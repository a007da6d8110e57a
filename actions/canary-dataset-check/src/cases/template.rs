//! Cases made of records: `{name}` in the template of `canary.yml` stands for what a record has under that name.

use document::{Json, shorten};

/// What `cases.request` and `cases.expect` say of every record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// What names a case.
    pub id: Json,
    /// What is asked.
    pub request: Json,
    /// What the answer must be.
    pub expect: Json,
}

impl Template {
    /// The case of one record, as it would have been written by itself.
    ///
    /// # Errors
    /// Names the template has and the record has not.
    pub fn fill(&self, record: &Json) -> Result<Json, String> {
        let part = |name: &str, template| Ok::<_, String>((name.to_owned(), filled(template, record)?));
        // An id is text, whatever the record has.
        let id = match filled(&self.id, record)? {
            Json::Number(token) => Json::Text(token),
            other => other,
        };
        Ok(Json::Map(vec![("id".to_owned(), id), part("request", &self.request)?, part("expect", &self.expect)?]))
    }
}

/// A text that is nothing but `{name}` becomes the record's value with its type; within a text, its text does.
fn filled(template: &Json, record: &Json) -> Result<Json, String> {
    match template {
        Json::Text(text) => {
            let whole = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            match whole.filter(|name| is_name(name)) {
                Some(name) => value(record, name).cloned(),
                None => within(text, record).map(Json::Text),
            }
        }
        Json::List(items) => Ok(Json::List(items.iter().map(|item| filled(item, record)).collect::<Result<_, _>>()?)),
        Json::Map(members) => {
            let member = |(name, value): &(String, Json)| Ok((name.clone(), filled(value, record)?));
            Ok(Json::Map(members.iter().map(member).collect::<Result<_, String>>()?))
        }
        other => Ok(other.clone()),
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

fn value<'a>(record: &'a Json, name: &str) -> Result<&'a Json, String> {
    record.get(name).ok_or_else(|| format!("the record has no `{}`", shorten(name)))
}

/// A text with each `{name}` in it replaced; other braces stay.
fn within(text: &str, record: &Json) -> Result<String, String> {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        result.push_str(before);
        match after.split_once('}').filter(|(name, _)| is_name(name)) {
            Some((name, after)) => {
                match value(record, name)? {
                    Json::Text(text) => result.push_str(text),
                    other => result.push_str(&other.to_string()),
                }
                rest = after;
            }
            None => {
                result.push('{');
                rest = after;
            }
        }
    }
    result.push_str(rest);
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_text_becomes_the_value_and_a_part_becomes_text() {
        let record = Json::parse(br#"{"n": 1.50, "name": "a b", "in": {"x": [1]}, "none": null}"#).unwrap();
        for (template, made) in [
            (r#""{n}""#, "1.50"),
            (r#""/p/{name}/{n}""#, r#""/p/a b/1.50""#),
            (
                r#"{"json": "{in}", "k": ["{none}", "{ x }", "{}", "{"]}"#,
                r#"{"json":{"x":[1]},"k":[null,"{ x }","{}","{"]}"#,
            ),
        ] {
            let template = Json::parse(template.as_bytes()).unwrap();
            assert_eq!(filled(&template, &record).unwrap().to_string(), made);
        }
        let missing = filled(&Json::Text("/{gone}".to_owned()), &record);
        assert_eq!(missing, Err("the record has no `gone`".to_owned()));
    }
}
