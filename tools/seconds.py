"""What tests cost: processor seconds per test, their children's included, and the sum per part; what cost most starts
first the next time."""
import os
from collections import defaultdict
from pathlib import Path

import pytest

PROPERTY = 'processor seconds'
KNOWN = 'airl/seconds'   # in pytest's cache: what each test cost the last time
CELLS = 'cells'          # of a notebook's test: what each cell cost, where it is, how it begins
DEAREST = 20
last = {}


def spent() -> float:
    """Processor seconds of this process and of its children that have ended. They hardly depend on what else the
    machine does."""
    return sum(os.times()[:4])


def part(nodeid: str) -> str:
    "What a test belongs to: `tests/test_notebooks.py::test_notebook[05_photos]` to notebooks."
    return Path(nodeid.split('::')[0]).stem.removeprefix('test_')


def sums(costs: dict[str, tuple[float, float]]) -> list[tuple[str, int, float, float]]:
    "Part, tests, processor seconds and seconds, the dearest part first; the last row has them all."
    parts = defaultdict(list)
    for nodeid, cost in costs.items(): parts[part(nodeid)].append(cost)
    rows = sorted(((name, len(c), *map(sum, zip(*c))) for name, c in parts.items()), key=lambda row: -row[2])
    return [*rows, ('all', *(sum(row[i] for row in rows) for i in (1, 2, 3)))]


def order(nodeids: list[str], known: dict[str, float]) -> list[int]:
    """Places of `nodeids`, the dearest first; the tests of a file stay together, for the fixtures that they share,
    notebooks aside.

    Where nothing is known yet, notebooks come last: the longest of them takes less than the longest of the others."""
    group = [nodeid if part(nodeid) == 'notebooks' else part(nodeid) for nodeid in nodeids]
    cost = defaultdict(float)
    for nodeid, name in zip(nodeids, group): cost[name] += known.get(nodeid, 0.)
    first = {name: place for place, name in reversed([*enumerate(group)])}
    return sorted(range(len(nodeids)), key=lambda i: (-cost[group[i]], part(nodeids[i]) == 'notebooks',
                                                      first[group[i]], i))


def pytest_collection_modifyitems(config, items):
    "No worker is left alone at the end with what takes long."
    known = config.cache.get(KNOWN, {}) if hasattr(config, 'cache') else {}
    items[:] = [items[i] for i in order([item.nodeid for item in items], known)]


def pytest_runtest_setup(item): last.setdefault('mark', spent())


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    now = spent()
    report = (yield).get_result()
    # the list is shared by all reports of a test
    report.user_properties = [*report.user_properties, (PROPERTY, now - last.get('mark', now))]
    last['mark'] = spent()


def cells_of(output: str) -> list[tuple[float, str]]:
    "Processor seconds and beginning of each cell, as one_notebook.py prints them."
    lines = [line.split('\t', 2) for line in output.splitlines()]
    return [(float(line[0]), line[2]) for line in lines if len(line) == 3]


def told(reports, kind: str) -> list[tuple]:
    "What the reports carry under the name `kind`, each with its report."
    return [(report, value) for report in reports for name, value in report.user_properties if name == kind]


def costs_of(reports) -> dict[str, tuple[float, float]]:
    "Processor seconds and seconds per test, set-up and clearing up included."
    found = defaultdict(lambda: (0., 0.))
    for report, cpu in told(reports, PROPERTY):
        found[report.nodeid] = (found[report.nodeid][0] + cpu, found[report.nodeid][1] + report.duration)
    return dict(found)


def pytest_terminal_summary(terminalreporter, config):
    reports = [report for kind in ('passed', 'failed', 'error', '') for report in terminalreporter.stats.get(kind, [])
               if hasattr(report, 'user_properties')]
    costs = costs_of(reports)
    if not costs: return
    if hasattr(config, 'cache'):
        config.cache.set(KNOWN, config.cache.get(KNOWN, {})
                         | {nodeid: round(cpu, 2) for nodeid, (cpu, _) in costs.items()})
    tell = terminalreporter.write_line
    terminalreporter.section('processor seconds by part, children included')
    tell(f'{"part":16}{"tests":>6}{"CPU s":>9}{"s":>9}')
    for name, n, cpu, seconds in sums(costs): tell(f'{name:16}{n:6}{cpu:9.1f}{seconds:9.1f}')
    tell(f'The dearest {DEAREST}:')
    for nodeid, (cpu, seconds) in sorted(costs.items(), key=lambda item: -item[1][0])[:DEAREST]:
        tell(f'{cpu:9.1f}{seconds:9.1f}  {nodeid}')
    cells = [(cpu, report.nodeid.split('::')[1], begins) for report, found in told(reports, CELLS)
             if report.when == 'call' for cpu, begins in found]
    if cells: tell(f'The dearest {DEAREST} cells of notebooks:')
    for cpu, notebook, begins in sorted(cells, reverse=True)[:DEAREST]: tell(f'{cpu:9.1f}  {notebook}: {begins}')
