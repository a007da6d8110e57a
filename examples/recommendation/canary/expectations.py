#!/usr/bin/env python3
"""Writes cases-1.4.jsonl and cases-1.5.jsonl: what the grazing model on paper says, worked out apart from the service.

Exact fractions instead of floating point, the coefficients of the model's own description instead of rules.json, and the
international acre of 1959. Reads only the frozen data. `--check` compares with the files instead of writing them.
"""
import json
import pathlib
import sys
from fractions import Fraction as F

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent / "data"
ACRE_IN_HECTARES = F("0.40468564224")
RESIDUAL_KG_PER_HA = 600
INTAKE = F("0.026")
FULL_GROWTH_RAIN_MM = 30
MODELS = {
    "1.4": {"utilisation": F("0.5"), "regrowth": F(0), "clear_sky": F("0.95")},
    "1.5": {"utilisation": F("0.45"), "regrowth": F("0.35"), "clear_sky": F("0.97")},
}
# Boundaries in the dataset; the others are ordinary traffic.
CASES = [f"b-{n:03}" for n in range(1, 25)]


def load(name):
    """JSON with every number as an exact fraction."""
    text = (DATA / name).read_text()
    return json.loads(text, parse_float=F, parse_int=F)


def days_and_rest(model, key):
    """The paper model for one boundary: days of forage, usable forage, daily demand, confidence."""
    land = load("boundaries.json")[key]
    herd = load("herd-config.json")["herds"][key]
    seen = load("rap.json")["boundaries"][key]
    rain = load("weather.json")["rain_14d_mm"][key]
    size = land["area"] * (ACRE_IN_HECTARES if land["unit"] == "acre" else 1)
    food = size * (seen["biomass_kg_per_ha"] - RESIDUAL_KG_PER_HA) * model["utilisation"]
    eaten = herd["head"] * herd["liveweight_kg"] * INTAKE
    grown = size * seen["growth_kg_per_ha_day"] * min(F(1), rain / FULL_GROWTH_RAIN_MM) * model["regrowth"]
    days = food / max(eaten - grown, eaten / 10)
    return days, food, eaten, model["clear_sky"] * (1 + seen["cloud_free_share"]) / 2


def action(days):
    """What the model's description recommends; a dataset must not sit on a border, where rounding decides."""
    for border in (3, 10):
        if abs(days - border) <= F("0.1"):
            raise SystemExit(f"{float(days):.3f} days is too near to the border at {border}: choose another boundary")
    return "move_now" if days < 3 else "prepare_move" if days < 10 else "stay"


def decimal(value, places):
    """The shortest decimal with at most this many places."""
    number = round(float(value), places)
    return int(number) if number == int(number) else number


def lines(line):
    """The dataset for one line of the logic."""
    for key in CASES:
        days, food, eaten, confidence = days_and_rest(MODELS[line], key)
        yield {
            "id": key,
            "request": {"path": f"/v1/recommendations/{key}"},
            "expect": {
                "values": {
                    "$.boundary_id": key,
                    "$.days_remaining": decimal(days, 3),
                    "$.recommended_action": action(days),
                    "$.confidence": decimal(confidence, 4),
                    "$.usable_forage_kg": decimal(food, 1),
                    "$.daily_demand_kg": decimal(eaten, 2),
                    "$.head": int(load("herd-config.json")["herds"][key]["head"]),
                }
            },
        }
    yield {
        "id": "unknown-boundary",
        "request": {"path": "/v1/recommendations/nowhere"},
        "expect": {"status": 404, "values": {"$.error": "unknown_boundary"}},
    }


def main():
    stale = []
    for line in MODELS:
        path = HERE / f"cases-{line}.jsonl"
        text = "".join(json.dumps(case, separators=(", ", ": ")) + "\n" for case in lines(line))
        if "--check" in sys.argv:
            stale += [path.name] if path.read_text() != text else []
        else:
            path.write_text(text)
    if stale:
        raise SystemExit(f"stale: {', '.join(stale)}; run {pathlib.Path(__file__).name}")


if __name__ == "__main__":
    main()
