use super::*;
use proptest::prelude::*;

const SIDES: Groups<'static> = Groups { stable: "blue", candidate: "green" };

fn leaf(name: &str, text: &str) -> Element {
    Element { name: name.into(), text: text.into(), children: vec![] }
}

fn node(name: &str, children: Vec<Element>) -> Element {
    Element { name: name.into(), text: String::new(), children }
}

fn group(arn: &str, weight: &str) -> Element {
    node("member", vec![leaf("TargetGroupArn", arn), leaf("Weight", weight)])
}

fn forward(groups: Vec<Element>, sticky: &str) -> Element {
    let stickiness = node("TargetGroupStickinessConfig", vec![leaf("Enabled", sticky)]);
    let config = node("ForwardConfig", vec![node("TargetGroups", groups), stickiness]);
    node("member", vec![leaf("Type", "forward"), leaf("Order", "2"), config])
}

fn actions(actions: Vec<Element>) -> Actions {
    let rule = node("member", vec![leaf("RuleArn", "r"), node("Actions", actions)]);
    Actions::read(&node("DescribeRulesResult", vec![node("Rules", vec![rule])])).unwrap()
}

fn login() -> Element {
    let config = node("AuthenticateOidcConfig", vec![leaf("Issuer", "https://i"), leaf("Tomorrow", "x")]);
    node("member", vec![leaf("Type", "authenticate-oidc"), leaf("Order", "1"), config])
}

#[test]
fn only_a_rule_between_the_two_sides_has_weights() {
    let scalar = node("member", vec![leaf("Type", "forward"), leaf("TargetGroupArn", "blue")]);
    let fixed = node("member", vec![leaf("Type", "fixed-response")]);
    let both = |blue: &str, green: &str| vec![forward(vec![group("blue", blue), group("green", green)], "false")];
    for (given, wanted) in [
        (both("100", "0"), Ok((100, 0))),
        (both("3", "1"), Ok((3, 1))),
        (vec![login(), forward(vec![group("green", "7")], "false")], Ok((0, 7))),
        (vec![scalar], Ok((1, 0))),
        (both("0", "0"), Err(RuleError::Nobody)),
        (both("x", "0"), Err(RuleError::Unreadable)),
        (vec![forward(vec![group("blue", "1"), group("red", "0")], "false")], Err(RuleError::Stranger("red".into()))),
        (vec![forward(vec![group("blue", "1"), group("green", "0")], "true")], Err(RuleError::Sticky)),
        (vec![fixed], Err(RuleError::Forwards(0))),
        ([both("1", "0"), both("1", "0")].concat(), Err(RuleError::Forwards(2))),
    ] {
        let found = actions(given.clone()).weights(SIDES).map(|weights| (weights.stable, weights.candidate));
        assert_eq!(found, wanted, "{given:?}");
    }
}

#[test]
fn what_stands_beside_the_weights_is_sent_back_as_it_was_read() {
    let read = actions(vec![login(), forward(vec![group("blue", "100")], "false")]);
    let sent = read.with(SIDES, Weights::of("12.5".parse().unwrap())).parameters("Actions");
    let sent: Vec<_> = sent.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        sent,
        [
            "Actions.member.1.Type=authenticate-oidc",
            "Actions.member.1.Order=1",
            "Actions.member.1.AuthenticateOidcConfig.Issuer=https://i",
            "Actions.member.1.AuthenticateOidcConfig.Tomorrow=x",
            "Actions.member.1.AuthenticateOidcConfig.UseExistingClientSecret=true",
            "Actions.member.2.Type=forward",
            "Actions.member.2.Order=2",
            "Actions.member.2.ForwardConfig.TargetGroups.member.1.TargetGroupArn=blue",
            "Actions.member.2.ForwardConfig.TargetGroups.member.1.Weight=875",
            "Actions.member.2.ForwardConfig.TargetGroups.member.2.TargetGroupArn=green",
            "Actions.member.2.ForwardConfig.TargetGroups.member.2.Weight=125",
            "Actions.member.2.ForwardConfig.TargetGroupStickinessConfig.Enabled=false",
        ]
    );
}

/// AWS answers a rule with one group in both ways at once, and refuses to be told both.
#[test]
fn the_group_that_stands_beside_the_list_is_not_sent_with_two() {
    let mut both = forward(vec![group("blue", "1")], "false");
    both.children.insert(1, leaf("TargetGroupArn", "blue"));
    let read = actions(vec![both]);
    assert_eq!(read.weights(SIDES), Ok(Weights { stable: 1, candidate: 0 }));
    let sent = read.with(SIDES, Weights::of(Weight::ALL)).parameters("Actions");
    assert!(!sent.iter().any(|(name, _)| name == "Actions.member.1.TargetGroupArn"), "{sent:?}");
    assert!(sent.iter().any(|(name, value)| name.ends_with("member.2.Weight") && value == "100"), "{sent:?}");
}

#[test]
fn a_change_by_somebody_else_is_told_from_a_change_of_weights() {
    let read = actions(vec![login(), forward(vec![group("blue", "100"), group("green", "0")], "false")]);
    let moved = actions(vec![login(), forward(vec![group("green", "30"), group("blue", "70")], "false")]);
    assert!(read.differ_in_weights_only(&moved, SIDES) && read.differ_in_weights_only(&read, SIDES));
    let no_login = actions(vec![forward(vec![group("blue", "100"), group("green", "0")], "false")]);
    let stranger = actions(vec![login(), forward(vec![group("blue", "1"), group("red", "1")], "false")]);
    for other in [no_login, stranger] {
        assert!(!read.differ_in_weights_only(&other, SIDES), "{other:?}");
    }
}

proptest! {
    #[test]
    fn every_share_is_written_in_bounds_and_read_back_as_it_was(permille in 0_u16..=1000) {
        let share = Weight::from_permille(permille).unwrap();
        let weights = Weights::of(share);
        prop_assert!(weights.stable <= 999 && weights.candidate <= 999);
        prop_assert_eq!(weights.share(), Some(share));
        let read = actions(vec![forward(vec![group("blue", "1")], "false")]);
        prop_assert_eq!(read.with(SIDES, weights).weights(SIDES).unwrap(), weights);
    }
}
