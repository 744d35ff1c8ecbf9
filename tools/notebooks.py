"Run notebooks in place, keep their figures, clean them: python tools/notebooks.py [NAME ...]"
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SKIPPED = {'slow', 'gpu', 'network'}  # cells with these flags keep the outputs they have


def is_skipped(cell) -> bool:
    "Whether a cell is prose, exports the library, or is flagged as not for every machine."
    if cell.cell_type != 'code' or 'nbdev_export(' in cell.source: return True
    flags = cell.directives_
    return flags.get('eval:', [''])[0].lower() == 'false' or bool(SKIPPED & set(flags))


def execute(path: Path):
    "Run the cells of one notebook in order, in this process and in the notebook's folder, and write their outputs."
    from execnb.nbio import read_nb, write_nb
    from execnb.shell import CaptureShell
    from nbdev.process import NBProcessor
    notebook, parsed = read_nb(path), NBProcessor(path, process=True).nb
    os.chdir(path.parent)
    shell = CaptureShell(path, mpl_format='png')
    for cell, parsed_cell in zip(notebook.cells, parsed.cells):
        if is_skipped(parsed_cell): continue
        # libraries' warnings hold this machine's paths
        cell['outputs'] = [o for o in shell.run(cell.source) if o.get('name') != 'stderr']
        if shell.exc:
            sys.exit(f'{path.name}, the cell\n\n{cell.source}\n\n' + ''.join(traceback.format_exception(shell.exc)))
    write_nb(notebook, path)


def execute_apart(path: Path):
    "Run one notebook in a process of its own, so that none sees what another left behind, then clean it."
    started = time.perf_counter()
    environment = os.environ | {'IN_TEST': '1', 'PYTHONHASHSEED': '0', 'OMP_WAIT_POLICY': 'PASSIVE'}
    subprocess.run([sys.executable, __file__, '--here', str(path)], env=environment, check=True)
    subprocess.run([sys.executable, '-c', 'from nbdev.clean import nbdev_clean; nbdev_clean()', '--fname', str(path)],
                   cwd=ROOT, check=True)
    print(f'{path.relative_to(ROOT/"nbs")}: {time.perf_counter() - started:.0f} s', flush=True)


if __name__ == '__main__':
    if sys.argv[1:2] == ['--here']: execute(Path(sys.argv[2]))
    else:
        names = sys.argv[1:] or [str(path.relative_to(ROOT/'nbs').with_suffix(''))
                                 for path in sorted((ROOT/'nbs').rglob('[!_.]*.ipynb'))]
        try:
            for name in names: execute_apart(ROOT/'nbs'/f'{name}.ipynb')
        except subprocess.CalledProcessError:
            sys.exit('Stopped at the notebook above; those before it are done.')
