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
