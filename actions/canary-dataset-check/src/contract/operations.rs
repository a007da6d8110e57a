//! Which operation of a document a request is, and which of its responses an answer is.

use super::Schemas;
use document::Json;
use reqwest::Method;

/// An operation of the document.
pub(super) struct Operation<'a> {
    responses: &'a [(String, Json)],
}

/// The operation at a path; of several that fit, the one with the most literal segments.
pub(super) fn operation<'a>(schemas: &'a Schemas, method: &Method, path: &str) -> Option<Operation<'a>> {
    let Json::Map(paths) = schemas.document().get("paths")? else { return None };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let fitting = paths.iter().filter_map(|(template, item)| Some((literal(template, path)?, item)));
    let (_, item) = fitting.max_by_key(|(literal, _)| *literal)?;
    let operation = schemas.follow(item).get(&method.as_str().to_ascii_lowercase())?;
    match operation.get("responses") {
        Some(Json::Map(responses)) => Some(Operation { responses }),
        _ => Some(Operation { responses: &[] }),
    }
}

/// How many segments of a template fit literally; `None` where it does not fit.
fn literal(template: &str, path: &str) -> Option<usize> {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    let fits = |(template, segment): (&&str, &&str)| {
        let (before, rest) = template.split_once('{').unwrap_or((template, ""));
        let after = rest.split_once('}').map(|(_, after)| after);
        match after {
            None => (template == segment).then_some(1),
            Some(after) => {
                let inner = segment.strip_prefix(before)?.strip_suffix(after)?;
                (!inner.is_empty()).then_some(0)
            }
        }
    };
    if template.len() != path.len() {
        return None;
    }
    template.iter().zip(&path).map(fits).sum()
}

impl<'a> Operation<'a> {
    /// The response for a status: itself, its class such as `4XX`, or `default`.
    pub(super) fn response(&self, schemas: &'a Schemas, status: u16) -> Option<&'a Json> {
        let wanted = [status.to_string(), format!("{}XX", status / 100), "default".to_owned()];
        let of = |wanted: &String| self.responses.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        wanted.iter().find_map(of).map(|(_, response)| schemas.follow(response))
    }

    /// The documented statuses.
    pub(super) fn statuses(&self) -> Vec<&'a str> {
        self.responses.iter().map(|(status, _)| status.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn a_template_fits_whole_segments() {
        for (template, path, fits) in [
            ("/a/{id}", "/a/1", Some(2)),
            ("/a/b", "/a/b", Some(3)),
            ("/a/{id}", "/a/", None),
            ("/a/{id}", "/a/1/2", None),
            ("/a/{id}.json", "/a/1.json", Some(2)),
            ("/a/{id}.json", "/a/1.xml", None),
            ("/a", "/b", None),
        ] {
            assert_eq!(literal(template, path), fits, "{template} {path}");
        }
    }
}
