"""CloudWatch: statistics of known values, percentiles, metric math, no data."""

import datetime


def run(world):
    cloudwatch = world.client("cloudwatch")
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    space = f"Conformance/{world.run}"
    cloudwatch.put_metric_data(Namespace=space, MetricData=[
        {"MetricName": "m", "Timestamp": now, "Values": list(range(1, 101)), "Counts": [1] * 100, "Unit": "None"},
        {"MetricName": "s", "Timestamp": now, "StatisticValues": {
            "SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 4,
        }},
    ])
    query = lambda name, stat, metric="m": {
        "Id": name, "MetricStat": {
            "Metric": {"Namespace": space, "MetricName": metric}, "Period": 60, "Stat": stat,
        },
    }
    wanted = {
        "average": ("Average", 50.5), "total": ("Sum", 5050), "count": ("SampleCount", 100), "low": ("Minimum", 1),
        "high": ("Maximum", 100),
    }
    queries = [query(name, stat) for name, (stat, _) in wanted.items()]
    window = {"StartTime": now - datetime.timedelta(minutes=5), "EndTime": now + datetime.timedelta(minutes=5)}
    results = cloudwatch.get_metric_data(MetricDataQueries=queries, **window)["MetricDataResults"]
    for result in results:
        value = wanted[result["Id"]][1]
        world.expect(result["Values"] == [value], f"{result['Id']} {value}, got {result['Values']}")
    results = cloudwatch.get_metric_data(MetricDataQueries=[
        query("p95", "p95"), query("average", "Average", "s"), query("none", "Sum", "nothing"),
        {**query("m1", "Sum"), "ReturnData": False}, {"Id": "half", "Expression": "m1 / 2"},
    ], **window)["MetricDataResults"]
    values = {result["Id"]: result["Values"] for result in results}
    # CloudWatch interpolates inside buckets it does not publish, so a percentile is only near the exact one.
    world.expect(values["p95"] and 94 <= values["p95"][0] <= 96, f"p95 near 95, got {values['p95']}")
    world.expect(values["average"] == [2.5], f"the average of a statistic set, got {values['average']}")
    world.expect(values["none"] == [], f"no data to have no values, got {values['none']}")
    world.expect(values["half"] == [2525], f"metric math, got {values['half']}")
    world.expect("m1" not in values, "a query with ReturnData false to return nothing")
    alarms(world, cloudwatch, space)


def alarms(world, cloudwatch, space):
    """An alarm hears a metric that breaches, is set by hand, and tells its history."""
    name = f"high-{world.run}"
    plain = dict(
        AlarmName=name, AlarmDescription="too high", ActionsEnabled=False, Namespace=space, MetricName="level",
        Dimensions=[{"Name": "Stage", "Value": "canary"}], Statistic="Maximum", Period=10, EvaluationPeriods=2,
        DatapointsToAlarm=1, Threshold=5.0, ComparisonOperator="GreaterThanThreshold", TreatMissingData="notBreaching",
        Tags=[{"Key": "team", "Value": "conformance"}],
    )
    cloudwatch.put_metric_alarm(**plain)
    look = lambda: cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    world.wait("the alarm to be evaluated", lambda: look()["StateValue"] == "OK", 30)
    kept = look()
    for member in ("Threshold", "Period", "DatapointsToAlarm", "Dimensions", "TreatMissingData"):
        world.expect(kept[member] == plain[member], f"{member} {plain[member]}, got {kept[member]}")
    past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=10)
    cloudwatch.put_metric_data(Namespace=space, MetricData=[{
        "MetricName": "level", "Dimensions": plain["Dimensions"], "Timestamp": past, "Value": 9.0,
    }])
    world.wait("the alarm to ring", lambda: look()["StateValue"] == "ALARM", 30)
    world.expect("was greater than the threshold (5.0)" in look()["StateReason"], f"got {look()['StateReason']}")
    cloudwatch.describe_alarms(AlarmNamePrefix="high-", StateValue="ALARM", AlarmTypes=["MetricAlarm"], MaxRecords=1)
    cloudwatch.put_metric_alarm(
        AlarmName=f"rate-{world.run}", EvaluationPeriods=1, Threshold=1, ComparisonOperator="LessThanThreshold",
        Metrics=[
            {"Id": "m1", "ReturnData": False, "MetricStat": {
                "Metric": {"Namespace": space, "MetricName": "level"}, "Period": 60, "Stat": "p99",
            }},
            {"Id": "e1", "Expression": "m1 * 100", "Label": "rate"},
        ],
    )
    cloudwatch.set_alarm_state(AlarmName=f"rate-{world.run}", StateValue="ALARM", StateReason="by hand")
    items = cloudwatch.describe_alarm_history(AlarmName=name, ScanBy="TimestampAscending")["AlarmHistoryItems"]
    kinds = [item["HistoryItemType"] for item in items]
    world.expect(kinds[0] == "ConfigurationUpdate" and "StateUpdate" in kinds, f"a history, got {kinds}")
    world.refused(
        "ResourceNotFound", cloudwatch.set_alarm_state, AlarmName="nothing", StateValue="OK", StateReason="x",
    )
    world.refused("ValidationError", cloudwatch.put_metric_alarm, **{**plain, "DatapointsToAlarm": 3})
    cloudwatch.delete_alarms(AlarmNames=[name, f"rate-{world.run}"])
    world.refused("ResourceNotFound", cloudwatch.delete_alarms, AlarmNames=[name])
    cloudwatch.describe_alarms()
