"What every benchmark ends with: one JSON line a figure."
import json


def figure(name, value, target=None, at_most=False, **more):
    "Print `value` beside its target (None: there is none); returns whether it is met."
    met = None if target is None else bool(value <= target if at_most else value >= target)
    print(json.dumps(dict(name=name, value=round(float(value), 4), target=target, ok=met, **more)))
    return met
