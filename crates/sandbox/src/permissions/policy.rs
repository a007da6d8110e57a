//! Identity-based policies: read strictly, and decided as IAM decides. Pure.

use super::Needed;
use serde_json::Value;

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Policy(Vec<Statement>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    allows: Effect,
    actions: Patterns,
    resources: Patterns,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Patterns {
    Any(Vec<String>),
    None(Vec<String>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    operator: Operator,
    /// Whether a key that is not there is fine.
    if_exists: Absent,
    key: String,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Absent {
    Fails,
    Passes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equals,
    NotEquals,
    Like,
    NotLike,
}

/// What a policy says to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Allowed,
    NotAllowed,
    Denied,
}

impl Policy {
    /// Reads a document. What the simulator does not know is an error: it would be decided wrongly.
    pub(super) fn read(document: &Value) -> Result<Self, String> {
        let statements = match &document["Statement"] {
            Value::Array(statements) => statements.clone(),
            one @ Value::Object(_) => vec![one.clone()],
            _ => return Err("it has no Statement".to_owned()),
        };
        statements.iter().map(Statement::read).collect::<Result<_, _>>().map(Self)
    }

    /// A denial wins over every permission, and without a permission nothing is allowed.
    pub(super) fn decide(&self, needed: &Needed) -> Decision {
        let applying = || self.0.iter().filter(|statement| statement.applies(needed));
        if applying().any(|statement| statement.allows == Effect::Deny) {
            Decision::Denied
        } else if applying().any(|statement| statement.allows == Effect::Allow) {
            Decision::Allowed
        } else {
            Decision::NotAllowed
        }
    }
}

impl Statement {
    fn read(value: &Value) -> Result<Self, String> {
        let object = value.as_object().ok_or("a statement is not an object")?;
        const KNOWN: [&str; 7] = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
        if let Some(unknown) = object.keys().find(|key| !KNOWN.contains(&key.as_str())) {
            return Err(format!("a statement with {unknown} is not known here"));
        }
        Ok(Self {
            allows: match value["Effect"].as_str() {
                Some("Allow") => Effect::Allow,
                Some("Deny") => Effect::Deny,
                _ => return Err("Effect must be Allow or Deny".to_owned()),
            },
            actions: Patterns::read(value, "Action")?,
            resources: Patterns::read(value, "Resource")?,
            conditions: conditions(&value["Condition"])?,
        })
    }

    fn applies(&self, needed: &Needed) -> bool {
        self.actions.hold(&needed.action.to_ascii_lowercase(), &|pattern| pattern.to_ascii_lowercase())
            && self.resources.hold(&needed.resource, &str::to_owned)
            && self.conditions.iter().all(|condition| condition.holds(needed))
    }
}

impl Patterns {
    fn read(statement: &Value, name: &str) -> Result<Self, String> {
        let not = format!("Not{name}");
        match (texts(&statement[name]), texts(&statement[&not])) {
            (Some(any), None) => Ok(Self::Any(any)),
            (None, Some(none)) => Ok(Self::None(none)),
            _ => Err(format!("a statement needs either {name} or {not}")),
        }
    }

    fn hold(&self, text: &str, form: &dyn Fn(&str) -> String) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| crate::glob::fits(&form(pattern), text));
        match self {
            Self::Any(patterns) => any(patterns),
            Self::None(patterns) => !any(patterns),
        }
    }
}

impl Condition {
    fn holds(&self, needed: &Needed) -> bool {
        let found = needed.context.iter().find(|(key, _)| key.eq_ignore_ascii_case(&self.key));
        let Some((_, value)) = found else {
            let negated = matches!(self.operator, Operator::NotEquals | Operator::NotLike);
            return negated || self.if_exists == Absent::Passes;
        };
        let equal = || self.values.contains(value);
        let like = || self.values.iter().any(|pattern| crate::glob::fits(pattern, value));
        match self.operator {
            Operator::Equals => equal(),
            Operator::NotEquals => !equal(),
            Operator::Like => like(),
            Operator::NotLike => !like(),
        }
    }
}

fn conditions(value: &Value) -> Result<Vec<Condition>, String> {
    let mut conditions = Vec::new();
    for (operator, keys) in value.as_object().into_iter().flatten() {
        let (name, if_exists) = match operator.strip_suffix("IfExists") {
            Some(name) => (name, Absent::Passes),
            None => (operator.as_str(), Absent::Fails),
        };
        let known = match name {
            "StringEquals" => Operator::Equals,
            "StringNotEquals" => Operator::NotEquals,
            "StringLike" | "ArnEquals" | "ArnLike" => Operator::Like,
            "StringNotLike" | "ArnNotEquals" | "ArnNotLike" => Operator::NotLike,
            _ => return Err(format!("the condition operator {operator} is not known here")),
        };
        for (key, values) in keys.as_object().ok_or("a condition has no keys")? {
            let values = texts(values).ok_or_else(|| format!("the condition on {key} has no values"))?;
            conditions.push(Condition { operator: known, if_exists, key: key.clone(), values });
        }
    }
    Ok(conditions)
}

/// A text or a list of texts.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(list) => list.iter().map(|text| text.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn decide(statements: Value, action: &str, resource: &str) -> Decision {
        let policy = Policy::read(&json!({"Version": "2012-10-17", "Statement": statements})).unwrap();
        policy.decide(&Needed::new(action, resource).with("ecs:cluster", "arn:aws:ecs:r:1:cluster/production"))
    }

    #[test]
    fn permissions_are_matched_and_denials_win() {
        use Decision::{Allowed, Denied, NotAllowed};
        let allow =
            |action: Value, resource: Value| json!([{"Effect": "Allow", "Action": action, "Resource": resource}]);
        let on_cluster = |operator: &str, cluster: &str| json!({"Effect": "Allow", "Action": "ecs:*", "Resource": "*", "Condition": {operator: {"ecs:cluster": cluster}}});
        let table = [
            (json!([]), NotAllowed),
            (allow(json!("ecs:UpdateService"), json!("*")), Allowed),
            (allow(json!(["ECS:update*"]), json!(["arn:x", "arn:aws:ecs:*:service/production/*"])), Allowed),
            (allow(json!("ecs:UpdateService"), json!("arn:aws:ecs:r:1:service/staging/*")), NotAllowed),
            (allow(json!("ecs:UpdateServic"), json!("*")), NotAllowed),
            (json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}), Allowed),
            (json!({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:ecs:*"}), NotAllowed),
            (
                json!([
                    {"Effect": "Allow", "Action": "*", "Resource": "*"},
                    {"Effect": "Deny", "Action": "ecs:Update*", "Resource": "*"},
                ]),
                Denied,
            ),
            (on_cluster("ArnEquals", "arn:aws:ecs:r:1:cluster/production"), Allowed),
            (on_cluster("StringLike", "*/staging"), NotAllowed),
            (on_cluster("StringNotEquals", "*"), Allowed),
        ];
        for (statements, expected) in table {
            let found = decide(statements.clone(), "ecs:UpdateService", "arn:aws:ecs:r:1:service/production/web");
            assert_eq!(found, expected, "{statements}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused_and_not_ignored() {
        let wrong = [
            json!({}),
            json!({"Statement": [{"Effect": "Allow", "Action": "*"}]}),
            json!({"Statement": [{"Effect": "Maybe", "Action": "*", "Resource": "*"}]}),
            json!({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}]}),
            json!({"Statement": [{"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"}]}),
            json!({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"a": "true"}}}]}),
        ];
        for document in wrong {
            assert!(Policy::read(&document).is_err(), "{document}");
        }
    }
}
