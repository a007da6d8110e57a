//! `maxResults` and `nextToken`.

use super::invalid;
use crate::{AwsError, wire::Input};
use serde_json::{Map, Value};

/// One page of `items` under `name`, of at most 100.
pub(super) fn page(input: Input<'_>, name: &str, items: Vec<Value>) -> Result<Value, AwsError> {
    let size = match input.count("maxResults")? {
        None => 100,
        Some(size @ 1..=100) => size as usize,
        Some(_) => return Err(invalid("maxResults must be between 1 and 100.")),
    };
    let first: usize = match input.text("nextToken") {
        None => 0,
        Some(token) => token.parse().map_err(|_| invalid("Invalid token."))?,
    };
    let more = first.saturating_add(size) < items.len();
    let mut answer = Map::new();
    answer.insert(name.to_owned(), items.into_iter().skip(first).take(size).collect());
    if more {
        answer.insert("nextToken".to_owned(), (first + size).to_string().into());
    }
    Ok(Value::Object(answer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pages_follow_each_other_and_the_last_has_no_token() {
        let items = || (0..5).map(Value::from).collect();
        let input = json!({"maxResults": 3});
        let first = page(Input::new(&input), "xs", items()).unwrap();
        assert_eq!(first, json!({"xs": [0, 1, 2], "nextToken": "3"}));
        let input = json!({"maxResults": 3, "nextToken": "3"});
        assert_eq!(page(Input::new(&input), "xs", items()).unwrap(), json!({"xs": [3, 4]}));
        assert!(page(Input::new(&json!({"nextToken": "x"})), "xs", items()).is_err());
    }
}
