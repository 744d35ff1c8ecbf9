"What every benchmark ends with: one JSON line a figure."
import json


def figure(name, value, target=None, at_most=False, ok=True, **more):
    "Print `value` beside its target (None: there is none); `ok` says what else had to hold."
    value = round(float(value), 4)
    met = None if target is None else bool(ok and (value <= target if at_most else value >= target))
    print(json.dumps(dict(name=name, value=value, target=target, ok=met, **more)))
    return met
