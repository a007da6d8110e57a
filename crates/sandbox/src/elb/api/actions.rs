//! Actions and conditions of rules, read from a call.

use super::{number, required};
use crate::{
    AwsError, Form,
    elb::{
        Rooms,
        rules::{Action, Condition, Fixed},
    },
};

/// As many target groups one action may forward to.
const MOST_GROUPS: usize = 5;
/// The largest weight.
const MOST_WEIGHT: u32 = 999;

/// The one action in the list `name`: all this sandbox has are `forward` and `fixed-response`.
pub(super) fn action(form: &Form, name: &str) -> Result<Action, AwsError> {
    let actions = form.structures(name);
    let [action] = actions.as_slice() else {
        return Err(invalid(match actions.len() {
            0 => "One action is required".to_owned(),
            _ => "The sandbox carries out one action for a rule".to_owned(),
        }));
    };
    match required(action, "Type")? {
        "forward" => forward(action).map(Action::Forward),
        "fixed-response" => fixed(&action.under("FixedResponseConfig.")).map(Action::Fixed),
        kind => Err(AwsError::not_here(&format!("an action of type {kind}"))),
    }
}

fn forward(action: &Form) -> Result<Vec<(String, u32)>, AwsError> {
    let config = action.under("ForwardConfig.");
    if config.get("TargetGroupStickinessConfig.Enabled") == Some("true") {
        return Err(AwsError::not_here("target group stickiness"));
    }
    let mut groups: Vec<(String, u32)> = Vec::new();
    for group in config.structures("TargetGroups") {
        let (arn, weight) = (required(&group, "TargetGroupArn")?, number(&group, "Weight", 1)?);
        if weight > MOST_WEIGHT {
            return Err(invalid(format!("Weight '{weight}' must be between 0 and {MOST_WEIGHT}")));
        }
        if groups.iter().any(|(known, _)| known == arn) {
            return Err(invalid("A target group can be specified only once in an action"));
        }
        groups.push((arn.to_owned(), weight));
    }
    let single = action.get("TargetGroupArn");
    match (groups.len(), single) {
        (0, Some(arn)) => Ok(vec![(arn.to_owned(), 1)]),
        (0, None) => Err(invalid("A target group ARN must be specified")),
        (n, _) if n > MOST_GROUPS => {
            Err(AwsError::client("TooManyTargetGroups", format!("At most {MOST_GROUPS} target groups in an action")))
        }
        (1, Some(arn)) if groups[0].0 == arn => Ok(groups),
        (_, Some(_)) => Err(invalid(
            "You cannot specify a target group ARN and a different forward configuration in the same action",
        )),
        (_, None) => Ok(groups),
    }
}

fn fixed(config: &Form) -> Result<Fixed, AwsError> {
    let code = required(config, "StatusCode")?;
    let status = code.parse().ok().filter(|status| (200..600).contains(status));
    let status = status.ok_or_else(|| invalid(format!("The status code '{code}' must be within 200 and 599")))?;
    let text = |name: &str, default: &str| config.get(name).unwrap_or(default).to_owned();
    Ok(Fixed { status, content_type: text("ContentType", "text/plain"), body: text("MessageBody", "") })
}

/// Every target group of an action has to exist.
pub(super) fn check_groups(rooms: &Rooms, action: &Action) -> Result<(), AwsError> {
    match action {
        Action::Forward(groups) => groups.iter().try_for_each(|(arn, _)| rooms.group(arn).map(drop)),
        Action::Fixed(_) => Ok(()),
    }
}

/// The conditions of a rule, at least one and each with a value.
pub(super) fn conditions(form: &Form) -> Result<Vec<Condition>, AwsError> {
    let conditions: Vec<Condition> = form.structures("Conditions").iter().map(condition).collect::<Result<_, _>>()?;
    if conditions.is_empty() { Err(invalid("A condition must be specified")) } else { Ok(conditions) }
}

fn condition(form: &Form) -> Result<Condition, AwsError> {
    let field = required(form, "Field")?;
    let values = |config: &str| -> Result<Vec<String>, AwsError> {
        let nested = form.under(&format!("{config}."));
        let mut values = nested.list("Values");
        values.extend(form.list("Values"));
        if values.is_empty() {
            return Err(invalid(format!("A condition value must be specified for field '{field}'")));
        }
        Ok(values.into_iter().map(str::to_owned).collect())
    };
    match field {
        "path-pattern" => values("PathPatternConfig").map(Condition::Path),
        "host-header" => values("HostHeaderConfig").map(Condition::Host),
        "http-request-method" => values("HttpRequestMethodConfig").map(Condition::Method),
        "http-header" => {
            let name = required(&form.under("HttpHeaderConfig."), "HttpHeaderName")?.to_owned();
            Ok(Condition::Header { name, values: values("HttpHeaderConfig")? })
        }
        "query-string" => {
            let pairs = form.under("QueryStringConfig.").structures("Values");
            let pair = |pair: &Form| Ok((pair.get("Key").map(str::to_owned), required(pair, "Value")?.to_owned()));
            pairs.iter().map(pair).collect::<Result<Vec<_>, AwsError>>().map(Condition::Query)
        }
        other => Err(AwsError::not_here(&format!("a condition on {other}"))),
    }
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::client("ValidationError", message)
}
