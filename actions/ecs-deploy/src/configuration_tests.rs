use super::*;
use crate::inputs::Gate;
use jiff::SignedDuration;
use std::time::Duration;

fn service(configuration: Value) -> Service {
    Service { deployment_configuration: configuration, ..Service::default() }
}

fn progress(strategy: Strategy) -> Progress {
    let (step, bake) = (SignedDuration::from_mins(7), SignedDuration::from_mins(3));
    Progress { strategy: Some(strategy), share: "12.5".parse().unwrap(), step, bake, ..Progress::as_is() }
}

fn gated(strategy: Strategy) -> Progress {
    let gate = Gate { program: "true".into(), arguments: vec![], limit: Duration::from_secs(90) };
    Progress { gate: Some(gate), ..progress(strategy) }
}

fn sent(configuration: Value, progress: &Progress) -> Option<Value> {
    wanted(&service(configuration), Breaker::Keep, progress).unwrap()
}

#[test]
fn each_strategy_is_asked_for_in_ecss_own_words() {
    for (strategy, wanted) in [
        (
            Strategy::Canary,
            json!({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 12.5, "canaryBakeTimeInMinutes": 7}, "bakeTimeInMinutes": 3}),
        ),
        (
            Strategy::Linear,
            json!({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 12.5, "stepBakeTimeInMinutes": 7}, "bakeTimeInMinutes": 3}),
        ),
        (Strategy::BlueGreen, json!({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 3})),
    ] {
        let alarms = json!({"maximumPercent": 150, "alarms": {"enable": true}});
        let mut all = alarms.as_object().unwrap().clone();
        all.extend(wanted.as_object().unwrap().clone());
        let once = sent(alarms, &progress(strategy)).unwrap();
        assert_eq!(once, Value::Object(all), "{strategy:?}: what is there is kept");
        assert_eq!(sent(once, &progress(strategy)), None, "{strategy:?}: and asked for once");
    }
}

#[test]
fn a_service_is_left_as_it_is_where_nothing_is_wished() {
    let canary = json!({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 5.0}, "lifecycleHooks": [{"targetType": "PAUSE"}]});
    for configuration in [Value::Null, json!({}), canary, json!({"strategy": "ROLLING", "bakeTimeInMinutes": 4})] {
        assert_eq!(sent(configuration.clone(), &Progress::as_is()), None, "{configuration}");
    }
    assert_eq!(sent(json!({}), &progress(Strategy::Rolling)), None);
}

#[test]
fn a_breaker_that_takes_back_is_asked_for_where_the_service_has_none_or_half_of_one() {
    let asked = |present: Value, wish: Breaker| wanted(&service(present), wish, &Progress::as_is()).unwrap();
    let breaker =
        |enable: bool, rollback: bool| json!({"deploymentCircuitBreaker": {"enable": enable, "rollback": rollback}});
    for present in [json!({}), breaker(false, false), breaker(true, false), breaker(false, true)] {
        assert_eq!(asked(present.clone(), Breaker::Rollback), Some(breaker(true, true)), "{present}");
        assert_eq!(asked(present.clone(), Breaker::Keep), None, "{present}");
    }
    assert_eq!(asked(breaker(true, true), Breaker::Rollback), None);
}

#[test]
fn a_gate_pauses_before_each_shift_and_its_time_being_over_is_a_way_back() {
    let lambda = json!({"targetType": "AWS_LAMBDA", "hookTargetArn": "arn", "lifecycleStages": ["POST_SCALE_UP"]});
    let old = json!({"targetType": "PAUSE", "lifecycleStages": ["PRE_SCALE_UP"]});
    let present = json!({"lifecycleHooks": [lambda, old]});
    let hooks = sent(present, &gated(Strategy::Canary)).unwrap()["lifecycleHooks"].take();
    let timeout = json!({"timeoutInMinutes": 7, "action": "ROLLBACK"});
    let ours = json!({"targetType": "PAUSE", "lifecycleStages": STAGES, "timeoutConfiguration": timeout});
    assert_eq!(hooks, json!([lambda, ours]), "somebody else's hook stays, a pause nobody will answer goes");
    for none in [json!({}), Value::Null] {
        assert_eq!(sent(none, &gated(Strategy::Canary)).unwrap()["lifecycleHooks"], json!([ours]));
    }
    let without = sent(json!({"lifecycleHooks": [ours]}), &progress(Strategy::Canary)).unwrap();
    assert_eq!(without["lifecycleHooks"], json!([]), "an empty list, because a missing one may change nothing");
}

#[test]
fn back_to_rolling_nothing_native_stays() {
    let native = json!({"strategy": "LINEAR", "linearConfiguration": {}, "bakeTimeInMinutes": 3, "lifecycleHooks": [{}], "maximumPercent": 200});
    let wanted = json!({"strategy": "ROLLING", "bakeTimeInMinutes": 3, "lifecycleHooks": [], "maximumPercent": 200});
    assert_eq!(sent(native, &progress(Strategy::Rolling)), Some(wanted));
}

#[test]
fn a_load_balancer_without_a_second_group_cannot_shift() {
    let balancers =
        |more: Value| serde_json::from_value(json!([{"targetGroupArn": "tg", "advancedConfiguration": more}])).unwrap();
    let alone = Service { load_balancers: balancers(Value::Null), ..service(json!({})) };
    let refusal = wanted(&alone, Breaker::Keep, &progress(Strategy::Canary)).unwrap_err();
    assert!(refusal.why.contains("CANARY needs a second target group"), "{}", refusal.why);
    assert!(wanted(&alone, Breaker::Keep, &progress(Strategy::Rolling)).is_ok());
    let both = Service { load_balancers: balancers(json!({"alternateTargetGroupArn": "x"})), ..service(json!({})) };
    assert!(wanted(&both, Breaker::Keep, &progress(Strategy::Canary)).is_ok());
    let mut one_of_two = both.clone();
    one_of_two.load_balancers.extend(alone.load_balancers);
    assert!(wanted(&one_of_two, Breaker::Keep, &progress(Strategy::Canary)).is_err());
}

#[test]
fn a_way_back_waits_for_no_gate_and_takes_all_of_the_traffic_at_once() {
    let lambda = json!({"targetType": "AWS_LAMBDA", "hookTargetArn": "arn"});
    let native = json!({"strategy": "CANARY", "canaryConfiguration": {}, "alarms": {}, "lifecycleHooks": [lambda, {"targetType": "PAUSE"}]});
    let wanted = json!({"alarms": {}, "lifecycleHooks": [lambda], "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0});
    assert_eq!(way_back(&service(native)), Some(wanted));
    for rolling in [json!({}), json!({"strategy": "ROLLING"}), Value::Null] {
        assert_eq!(way_back(&service(rolling)), None);
    }
}

#[test]
fn the_time_to_wait_grows_with_what_bakes() {
    for (configuration, minutes) in [
        (json!({}), 0),
        (json!({"bakeTimeInMinutes": 1380}), 1380),
        (
            json!({"canaryConfiguration": {"canaryPercent": 5, "canaryBakeTimeInMinutes": 10}, "bakeTimeInMinutes": 5}),
            15,
        ),
        (json!({"linearConfiguration": {"stepPercent": 30, "stepBakeTimeInMinutes": 6}}), 24),
        (json!({"bakeTimeInMinutes": -4, "linearConfiguration": {"stepPercent": 0}}), 0),
    ] {
        assert_eq!(bakes(&configuration), SignedDuration::from_mins(minutes), "{configuration}");
    }
}
