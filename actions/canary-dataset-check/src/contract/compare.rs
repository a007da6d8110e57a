//! What a new contract takes from those who rely on the old one.

use super::Contract;
use document::Json;

/// Schemas within schemas that are compared; beyond, a difference is not looked for.
const DEEPEST: usize = 24;

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Every promise of `old` that `new` does not make: operations, successful responses, their fields and types; and every
/// demand of `new` that `old` did not make of requests.
#[must_use]
pub fn breaking(old: &Contract, new: &Contract) -> Vec<String> {
    let mut comparing = Comparing { old, new, found: Vec::new() };
    let Some(Json::Map(paths)) = old.schemas.document().get("paths") else { return comparing.found };
    for (path, item) in paths {
        let item = old.schemas.follow(item);
        let now = new.schemas.document().get("paths").and_then(|paths| paths.get(path));
        let Some(now) = now.map(|now| new.schemas.follow(now)) else {
            comparing.found.push(format!("{path} is gone"));
            continue;
        };
        for method in METHODS {
            let Some(then) = item.get(method) else { continue };
            let name = format!("{} {path}", method.to_uppercase());
            match now.get(method) {
                Some(now) => comparing.operation(&name, then, now),
                None => comparing.found.push(format!("{name} is gone")),
            }
        }
    }
    comparing.found
}

struct Comparing<'a> {
    old: &'a Contract,
    new: &'a Contract,
    found: Vec<String>,
}

/// Who reads what a schema describes, and so what a change may do to them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    /// Users: less or other than before breaks them.
    ByUsers,
    /// The service: more demanded than before breaks them.
    ByService,
}

impl<'a> Comparing<'a> {
    fn operation(&mut self, name: &str, then: &'a Json, now: &'a Json) {
        self.parameters(name, then, now);
        let (old, new) = (&self.old.schemas, &self.new.schemas);
        if let Some(now) = now.get("requestBody").map(|body| new.follow(body)) {
            let then = then.get("requestBody").map(|body| old.follow(body));
            let demanded = |body: Option<&Json>| body.and_then(|body| body.get("required")) == Some(&Json::Bool(true));
            if demanded(Some(now)) && !demanded(then) {
                self.found.push(format!("{name}: a request body is demanded now"));
            }
            self.content(&format!("{name}: request"), then, Some(now), Read::ByService);
        }
        let Some(Json::Map(responses)) = then.get("responses") else { return };
        for (status, then) in responses.iter().filter(|(status, _)| status.starts_with('2')) {
            let place = format!("{name}: {status}");
            match now.get("responses").and_then(|responses| responses.get(status)) {
                Some(now) => self.content(&place, Some(old.follow(then)), Some(new.follow(now)), Read::ByUsers),
                None => self.found.push(format!("{place} is gone")),
            }
        }
    }

    fn parameters(&mut self, name: &str, then: &'a Json, now: &'a Json) {
        let Some(Json::List(demanded)) = now.get("parameters") else { return };
        let key = |parameter: &Json| (parameter.get("in").cloned(), parameter.get("name").cloned());
        for parameter in demanded.iter().map(|parameter| self.new.schemas.follow(parameter)) {
            let known = match then.get("parameters") {
                Some(Json::List(known)) => {
                    known.iter().map(|known| self.old.schemas.follow(known)).find(|known| key(known) == key(parameter))
                }
                _ => None,
            };
            let required = |parameter: &Json| parameter.get("required") == Some(&Json::Bool(true));
            if required(parameter) && !known.is_some_and(required) {
                let what = parameter.get("name").map(ToString::to_string).unwrap_or_default();
                self.found.push(format!("{name}: the parameter {what} is demanded now"));
            }
        }
    }

    /// The media types of a request or response, each with its schema.
    fn content(&mut self, place: &str, then: Option<&'a Json>, now: Option<&'a Json>, read: Read) {
        let Some(Json::Map(media)) = then.and_then(|then| then.get("content")) else { return };
        for (kind, then) in media {
            match now.and_then(|now| now.get("content")).and_then(|content| content.get(kind)) {
                None => self.found.push(format!("{place}: {kind} is gone")),
                Some(now) => {
                    if let (Some(then), Some(now)) = (then.get("schema"), now.get("schema")) {
                        self.schema((&format!("{place}: $"), read), then, now, 0);
                    }
                }
            }
        }
    }

    fn schema(&mut self, (place, read): (&str, Read), then: &'a Json, now: &'a Json, depth: usize) {
        let (then, now) = (self.old.schemas.follow(then), self.new.schemas.follow(now));
        if depth > DEEPEST {
            return;
        }
        self.types((place, read), then, now);
        self.values((place, read), then, now);
        self.fields((place, read), then, now, depth);
        if let (Some(then), Some(now)) = (then.get("items"), now.get("items")) {
            self.schema((&format!("{place}[*]"), read), then, now, depth + 1);
        }
        // Compared one by one where there are as many; anything else is a change only people can judge.
        for keyword in ["allOf", "anyOf", "oneOf"] {
            if let (Some(Json::List(then)), Some(Json::List(now))) = (then.get(keyword), now.get(keyword))
                && then.len() == now.len()
            {
                then.iter().zip(now).for_each(|(then, now)| self.schema((place, read), then, now, depth + 1));
            }
        }
    }

    fn types(&mut self, (place, read): (&str, Read), then: &Json, now: &Json) {
        let types = |schema: &Json| {
            let mut types = match schema.get("type") {
                Some(Json::Text(one)) => vec![one.clone()],
                Some(Json::List(several)) => {
                    several.iter().map(|one| one.to_string().trim_matches('"').to_owned()).collect()
                }
                _ => Vec::new(),
            };
            if schema.get("nullable") == Some(&Json::Bool(true)) {
                types.push("null".to_owned());
            }
            types
        };
        let (then, now) = (types(then), types(now));
        // Every integer is a number.
        let within = |one: &String, all: &[String]| {
            all.contains(one) || (one == "integer" && all.iter().any(|it| it == "number"))
        };
        let kept = match read {
            Read::ByUsers => then.is_empty() || (!now.is_empty() && now.iter().all(|one| within(one, &then))),
            Read::ByService => now.is_empty() || (!then.is_empty() && then.iter().all(|one| within(one, &now))),
        };
        if !kept {
            let shown = |types: &[String]| if types.is_empty() { "anything".to_owned() } else { types.join(" or ") };
            self.found.push(format!("{place}: was {}, is {}", shown(&then), shown(&now)));
        }
    }

    fn values(&mut self, (place, read): (&str, Read), then: &Json, now: &Json) {
        let (known, new) = match (then.get("enum"), now.get("enum"), read) {
            (Some(Json::List(then)), Some(Json::List(now)), Read::ByUsers) => (then, now),
            (Some(Json::List(then)), Some(Json::List(now)), Read::ByService) => (now, then),
            (Some(_), None, Read::ByUsers) => return self.found.push(format!("{place}: may be any value now")),
            (None, Some(_), Read::ByService) => return self.found.push(format!("{place}: may be few values only now")),
            _ => return,
        };
        for value in new.iter().filter(|value| !known.iter().any(|known| known.same(value))) {
            let change = if read == Read::ByUsers { "may be" } else { "may not be" };
            self.found.push(format!("{place}: {change} {value} now"));
        }
    }

    fn fields(&mut self, (place, read): (&str, Read), then: &'a Json, now: &'a Json, depth: usize) {
        let required = |schema: &Json, name: &str| matches!(schema.get("required"), Some(Json::List(names)) if names.iter().any(|it| *it == Json::Text(name.to_owned())));
        if let Some(Json::Map(fields)) = then.get("properties") {
            for (name, schema) in fields {
                match (now.get("properties").and_then(|fields| fields.get(name)), read) {
                    (Some(now), _) => self.schema((&format!("{place}.{name}"), read), schema, now, depth + 1),
                    (None, Read::ByUsers) => self.found.push(format!("{place}.{name} is gone")),
                    (None, Read::ByService) => {}
                }
                let (before, after) = (required(then, name), required(now, name));
                match read {
                    Read::ByUsers
                        if before && !after && now.get("properties").is_some_and(|all| all.get(name).is_some()) =>
                    {
                        self.found.push(format!("{place}.{name} may be missing now"));
                    }
                    Read::ByService if after && !before => self.found.push(format!("{place}.{name} is demanded now")),
                    _ => {}
                }
            }
        }
        if let (Read::ByService, Some(Json::List(names))) = (read, now.get("required")) {
            for name in names {
                if let Json::Text(name) = name
                    && then.get("properties").and_then(|fields| fields.get(name)).is_none()
                {
                    self.found.push(format!("{place}.{name} is demanded now"));
                }
            }
        }
    }
}
