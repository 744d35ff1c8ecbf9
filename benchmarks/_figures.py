"What every benchmark ends with: one JSON line a figure."
import json
import statistics
import time


def figure(name, value, target=None, at_most=False, **more):
    "Print `value` beside its target (None: there is none); returns whether it is met."
    met = None if target is None else bool(value <= target if at_most else value >= target)
    print(json.dumps(dict(name=name, value=round(float(value), 4), target=target,
                          ok=met, **{'better': 'low' if at_most else 'high'} | more)))
    return met


def spread(name, values, target=None, at_most=True, **more):
    "The median of `values`, with the least and the most of them."
    return figure(name, statistics.median(values), target, at_most, low=round(min(values), 4),
                  high=round(max(values), 4), n=len(values), **more)


def seconds(function, *args, **kwargs):
    "How long a call takes."
    start = time.perf_counter()
    function(*args, **kwargs)
    return time.perf_counter() - start


def in_turn(rounds, **ways):   # name → function without arguments; → name → seconds of each round
    "Each way once a round, so that whatever else the machine does befalls them alike; the first round is not counted."
    took = {name: [] for name in ways}
    for k in range(rounds + 1):
        for name, way in ways.items():
            t = seconds(way)
            if k: took[name].append(t)
    return took
