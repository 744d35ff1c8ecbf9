"""Run the files of benchmarks/, one question each, and keep what they say.

    python tools/bench.py                       # all of them
    python tools/bench.py --quick               # those that have a short form, ten minutes in all on an idle machine
    python tools/bench.py cli_start doors       # some
    python tools/bench.py faults -- --points 30 # with options of the file's own
    python tools/bench.py --against HEAD~20     # this tree and another one in turn, the ratio of each figure with its
    spread
    python tools/bench.py --table               # the newest figures of the history, as the docs show them

A file prints one JSON line per figure: name, value, its bound (`target`) and whether it is met. Here each gets the
machine, the versions and the commit, and a line in
benchmarks/history.jsonl, where a slowdown shows: a figure that is a fifth worse than the median of the last five on
the same machine is told. A file's short form is its line
`QUICK = '…'`, the options it is given then.
"""
import argparse
import ast
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, UTC
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HISTORY = ROOT/'benchmarks/history.jsonl'
LIBRARIES = ('torch torchvision timm numpy opencv-python-headless pillow pyarrow transformers typer gradio fastapi av '
             'ray').split()
LIMIT = 3600.     # seconds for one file; 300 in the short form


def questions(names=()) -> list[Path]:
    "The files, or those named; raises `SystemExit` for a name that is none."
    there = {path.stem: path for path in sorted((ROOT/'benchmarks').glob('[!_]*.py'))}
    if unknown := [n for n in names if n not in there]:
        raise SystemExit(f'There is no benchmark {unknown[0]}; there are {", ".join(there)}.')
    return [there[n] for n in names or there]


def quick_options(path: Path) -> list[str] | None:   # None: the file has no short form
    "The options of a file's short form."
    for node in ast.parse(path.read_text(encoding='utf-8')).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', '') == 'QUICK':
            return str(ast.literal_eval(node.value)).split()
    return None


def question_of(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text(encoding='utf-8'))) or path.stem).splitlines()[0]


def machine() -> dict:
    "What figures depend on besides the code."
    try:
        model = next(line.partition(': ')[2].strip() for line in open('/proc/cpuinfo', encoding='utf-8')
                     if line.startswith('model name'))
    except (OSError, StopIteration): model = platform.processor()
    return dict(cpu=model, cores=os.cpu_count(), system=f'{platform.system()} {platform.machine()}',
                python=platform.python_version())


def versions() -> dict:
    found = {}
    for name in LIBRARIES:
        try: found[name] = version(name)
        except PackageNotFoundError: pass
    return found


def commit(tree: Path) -> str:
    done = subprocess.run(['git', 'describe', '--always', '--dirty'], cwd=tree, text=True, capture_output=True)
    return done.stdout.strip()


def busy() -> float: return round(os.getloadavg()[0]/os.cpu_count(), 2) if hasattr(os, 'getloadavg') else -1.


def figures_in(text: str) -> list[dict]:
    "The JSON lines of what a file printed that are figures."
    found = []
    for line in text.splitlines():
        if not line.startswith('{"name"'): continue
        try: figure = json.loads(line)
        except ValueError: continue
        if isinstance(figure.get('value'), (int, float)): found.append(figure)
    return found


def run(path: Path, options: list[str], tree: Path = ROOT, limit: float = LIMIT,
        show=True) -> tuple[list[dict], str]:   # figures; '' or what went wrong
    "One file in a process of its own, on the package of `tree`."
    environment = os.environ | dict(PYTHONPATH=os.pathsep.join([str(tree), str(ROOT/'tools')]), HF_HUB_OFFLINE='1')
    process = subprocess.Popen([sys.executable, str(path), *options], cwd=tree, text=True,
                               stdout=subprocess.PIPE, env=environment)
    lines, began = [], time.monotonic()
    import threading
    clock = threading.Timer(limit, process.kill)
    clock.start()
    try:
        for line in process.stdout:
            lines.append(line)
            if show: print(line, end='', flush=True)
    finally: clock.cancel()
    code = process.wait()
    wrong = (f'stopped after {limit:.0f} s' if code < 0 and time.monotonic() - began >= limit
             else f'ended with {code}' if code else '')
    return figures_in(''.join(lines)), wrong


def history() -> list[dict]:
    return [json.loads(line) for line in HISTORY.read_text(encoding='utf-8').splitlines()] if HISTORY.exists() else []


def slower(figure: dict, before: list[dict], here: dict) -> str:
    """A sentence where a figure is a fifth worse than it used to be on this machine; '' where it is not, or where that
    cannot be said."""
    then = [b['value'] for b in before if b['name'] == figure['name'] and b['machine'] == here
            and b.get('options') == figure.get('options')][-5:]
    if not then or figure.get('better') not in ('low', 'high'): return ''
    usual = statistics.median(then)
    worse = figure['value'] > 1.2*usual if figure['better'] == 'low' else figure['value'] < usual/1.2
    return f'{figure["name"]}: {figure["value"]:.4g}, where it was {usual:.4g}' if worse else ''


def keep(rows: list[dict]):
    with open(HISTORY, 'a', encoding='utf-8') as file: file.writelines(json.dumps(row) + '\n' for row in rows)


def bound(figure: dict) -> str:
    "The bound as it was set."
    if figure.get('target') is None: return '–'
    return (f'{"≤" if figure.get("better") == "low" else "≥" if figure.get("better") == "high" else ""} '
            f'{figure["target"]:g}').strip()


def table(rows: list[dict]) -> str:   # Markdown
    "A line per figure: the newest of each name."
    newest = {row['name']: row for row in rows}
    lines = ['| figure | value | spread | bound | met | commit | busy |',
             '| --- | ---: | --- | --- | --- | --- | ---: |']
    for name, row in sorted(newest.items()):
        spread = f'{row["low"]:.3g} to {row["high"]:.3g}' if 'low' in row else ''
        met = {True: 'yes', False: '**no**', None: ''}[row.get('ok')]
        lines.append(f'| `{name}` | {row["value"]:.4g} | {spread} | {bound(row)} | {met} | {row["commit"]} | '
                     f'{row["busy"]:.1f} |')
    return '\n'.join(lines)


def all_of(paths: list[Path], quick: bool, own: list[str] | None = None) -> list[dict]:
    "Run the files one after the other, with their short form's options or with `own`, and keep their figures."
    before, here, known, rows, wrong = history(), machine(), versions(), [], []
    for path in paths:
        options = own or (quick_options(path) if quick else [])
        if options is None: continue
        print(f'\n## {path.stem}: {question_of(path)}', flush=True)
        began, load = time.monotonic(), busy()
        found, fault = run(path, options, limit=300. if quick else LIMIT)
        if fault or not found: wrong.append(f'{path.stem} {fault or "prints no figure"}')
        shared = dict(file=path.stem, quick=quick, options=' '.join(options), commit=commit(ROOT),
                      at=datetime.now(UTC).isoformat(timespec='seconds'), seconds=round(time.monotonic() - began, 1),
                      busy=load)
        new = [f | shared | dict(machine=here, versions=known) for f in found]
        keep(new)
        rows += new
    print('\n' + table(rows))
    if quick and (left := [p.stem for p in paths if quick_options(p) is None]):
        print(f'\nNo short form: {", ".join(left)}.')
    for line in [*wrong, *filter(None, (slower(row, before, here) for row in rows))]: print(line)
    return [row for row in rows if row.get('ok') is False] + wrong


def against(revision: str, paths: list[Path], quick: bool, rounds: int) -> list[str]:
    "This tree and another in turn, on the files of this one; figures that both give, as ratios with median and spread."
    with tempfile.TemporaryDirectory() as home:
        other = Path(home)/'other'
        subprocess.run(['git', 'worktree', 'add', '--detach', str(other), revision],
                       cwd=ROOT, check=True, capture_output=True)
        ratios, lines = {}, ['| figure | this ÷ other, median | spread |', '| --- | ---: | --- |']
        try:
            for path in paths:
                options = quick_options(path) if quick else []
                if options is None: continue
                for k in range(rounds):
                    pair = {}
                    for tree in (ROOT, other) if k % 2 else (other, ROOT):     # who comes first changes
                        pair[tree] = {f['name']: f['value'] for f in run(path, options, tree, show=False)[0]}
                    for name in pair[ROOT].keys() & pair[other].keys():
                        if pair[other][name]: ratios.setdefault(name, []).append(pair[ROOT][name]/pair[other][name])
                    print(f'{path.stem}, round {k + 1} of {rounds}', flush=True)
        finally:
            subprocess.run(['git', 'worktree', 'remove', '--force', str(other)],
                           cwd=ROOT, check=False, capture_output=True)
    lines += [f'| `{name}` | {statistics.median(all_):.3f} | {min(all_):.3f} to {max(all_):.3f} |'
              for name, all_ in sorted(ratios.items())]
    print('\n'.join(['', f'{commit(ROOT)} against {revision}', '', *lines]))
    return []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('files', nargs='*')
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--against', metavar='REV')
    parser.add_argument('--rounds', type=int, default=3, help='of --against')
    parser.add_argument('--table', action='store_true')
    words, own = ((sys.argv[1:sys.argv.index('--')], sys.argv[sys.argv.index('--') + 1:]) if '--' in sys.argv
                  else (sys.argv[1:], []))
    args = parser.parse_args(words)
    if args.table:
        print(table(history()))
        return 0
    paths = questions(args.files)
    missed = against(args.against, paths, args.quick, args.rounds) if args.against else all_of(paths, args.quick, own)
    return bool(missed)


if __name__ == '__main__': sys.exit(main())
