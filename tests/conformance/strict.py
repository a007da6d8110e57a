#!/usr/bin/env python3
"""strict.py ENDPOINT [SERVICE…]: calls every operation of a running sandbox by boto3 and compares the raw answers with
botocore's service models. Ends with 1 when something is found, and says how much was looked at."""

import importlib
import sys
import traceback

# The folder belongs to the repository; nothing is left in it.
sys.dont_write_bytecode = True

import coverage  # noqa: E402
import test_referee  # noqa: E402
from world import World  # noqa: E402

SERVICES = ("ecr", "identity", "elb", "cloudwatch", "ecs", "shifting", "logs", "codedeploy")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    test_referee.check()
    world = World(sys.argv[1])
    for service in sys.argv[2:] or SERVICES:
        try:
            importlib.import_module(f"exercises.{service}").run(world)
        except Exception as error:  # An exercise that cannot go on is a finding, and the others still run.
            where = traceback.extract_tb(error.__traceback__)
            ours = [frame for frame in where if "exercises" in frame.filename][-1:]
            line = ours[0].lineno if ours else 0
            world.referee.findings.append(f"{service}: line {line}: {type(error).__name__}: {error}")
    if not sys.argv[2:]:
        coverage.check(world)
    referee = world.referee
    for finding in dict.fromkeys(referee.findings):
        print(f"finding: {finding}")
    print(
        f"conformance: {len(referee.operations)} operations, {referee.requests} requests, {referee.answers} answers, "
        f"{referee.values} values and facts checked, {len(dict.fromkeys(referee.findings))} findings"
    )
    sys.exit(1 if referee.findings else 0)


if __name__ == "__main__":
    main()
