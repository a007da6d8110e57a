//! CSV (RFC 4180) as records: the first line names the columns, and a field that is a JSON number is one.

use document::{Json, number_length, shorten};

/// Splits one record, whose line breaks within quotes have been kept.
///
/// # Errors
/// A quote that does not end, or something behind it.
pub fn fields(record: &[u8]) -> Result<Vec<String>, String> {
    let text = std::str::from_utf8(record).map_err(|_| "is not UTF-8".to_owned())?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let mut rest = text.strip_suffix('\r').unwrap_or(text);
    let mut fields = Vec::new();
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (field, after) = rest.split_at(end);
                if field.contains('"') {
                    return Err(format!("has a quote within the field `{}`, which is not quoted", shorten(field)));
                }
                (field.to_owned(), after)
            }
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(after) => rest = after,
            None if after.is_empty() => return Ok(fields),
            None => return Err("has something behind a quoted field".to_owned()),
        }
    }
}

/// A field whose opening quote has been read, and what is behind its end.
fn quoted_field(mut rest: &str) -> Result<(String, &str), String> {
    let mut field = String::new();
    loop {
        let Some((before, after)) = rest.split_once('"') else {
            return Err("has a quote that does not end".to_owned());
        };
        field.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                field.push('"');
                rest = after;
            }
            None => return Ok((field, after)),
        }
    }
}

/// Whether a record goes on behind this part of it: within quotes.
#[must_use]
pub(super) fn goes_on(part: &[u8]) -> bool {
    part.iter().filter(|byte| **byte == b'"').count() % 2 == 1
}

/// A record by its columns.
///
/// # Errors
/// When it has more or fewer fields than there are columns.
pub(super) fn record(columns: &[String], fields: Vec<String>) -> Result<Json, String> {
    if columns.len() != fields.len() {
        return Err(format!("has {} fields, and there are {} columns", fields.len(), columns.len()));
    }
    let value = |field: String| match number_length(field.as_bytes()) == Some(field.len()) {
        true => Json::Number(field),
        false => Json::Text(field),
    };
    Ok(Json::Map(columns.iter().cloned().zip(fields.into_iter().map(value)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_are_those_of_the_standard() {
        for (line, expected) in [
            ("a,b,c\r\n", vec!["a", "b", "c"]),
            ("\"a,\"\"b\",,\n", vec!["a,\"b", "", ""]),
            ("\"two\nlines\",x", vec!["two\nlines", "x"]),
            ("", vec![""]),
        ] {
            assert_eq!(fields(line.as_bytes()).unwrap(), expected, "{line}");
        }
        for (bad, problem) in [
            ("a\"b,c", "has a quote within the field `a\"b`"),
            ("\"a", "has a quote that does not end"),
            ("\"a\"b", "has something behind a quoted field"),
        ] {
            assert!(fields(bad.as_bytes()).unwrap_err().starts_with(problem), "{bad}");
        }
        assert!(fields(b"\xff").is_err());
        let columns = ["n".to_owned(), "t".to_owned()];
        let made = record(&columns, vec!["1.50".to_owned(), "01".to_owned()]).unwrap();
        assert_eq!(made.to_string(), r#"{"n":1.50,"t":"01"}"#);
        assert_eq!(record(&columns, vec![String::new()]).unwrap_err(), "has 1 fields, and there are 2 columns");
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_read_back(texts in proptest::collection::vec("[a,\"\n\r é]{0,6}", 1..5)) {
            let quoted: Vec<String> = texts.iter().map(|text| format!("\"{}\"", text.replace('"', "\"\""))).collect();
            let line = quoted.join(",") + "\n";
            prop_assert!(!goes_on(line.as_bytes()));
            prop_assert_eq!(fields(line.as_bytes()).unwrap(), texts);
        }
    }
}
