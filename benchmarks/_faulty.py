"""One command of airl on a machine that fails: python _faulty.py HOW AT ROOT NOTE -- WORDS…

Every change of a file below ROOT is counted by an audit hook, whoever makes it. At change AT the machine fails as HOW
says; NOTE gets a line for each change seen (trace), or one
when the fault has come."""
import errno
import os
import signal
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SIGNALS = dict(kill='SIGKILL', term='SIGTERM', interrupt='SIGINT')


def hook_for(how: str, at: int, root: str, note: str):
    "The audit hook."
    from folders_stops import CHANGES, WRITES, _place
    seen, root, told = [0], os.path.realpath(root), os.open(note, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    def change(event, place):
        seen[0] += 1
        if how == 'trace': os.write(told, f'{event} {os.path.relpath(place, root)}\n'.encode())
        elif how in SIGNALS and seen[0] == at + 1:
            os.write(told, f'{event} {os.path.relpath(place, root)}\n'.encode())
            os.kill(os.getpid(), getattr(signal, SIGNALS[how]))
        elif how == 'full' and seen[0] > at and event in ('open', 'os.mkdir'): fail(errno.ENOSPC, event, place)
        elif how == 'readonly' and seen[0] > at: fail(errno.EROFS, event, place)
    def fail(number, event, place):
        os.write(told, f'{event} {os.path.relpath(place, root)}\n'.encode())
        raise OSError(number, os.strerror(number), place)
    def hook(event, args):
        if event == 'open':
            path, mode, flags = args
            if not (any(c in mode for c in 'wax+') if isinstance(mode, str) else isinstance(flags, int)
                    and flags & WRITES):
                return
            place = _place(path, None)
        elif event in CHANGES:
            place = _place(args[0], args[-1] if event in ('os.remove', 'os.rmdir', 'os.mkdir')
                           else args[2] if event == 'os.rename' else None)
        else: return
        place = place and os.path.realpath(place)
        if place and (place == root or place.startswith(root + os.sep)): change(event, place)
    return hook


def plant(which: str):
    "A fault in airl itself, which the harness has to find."
    from contextlib import contextmanager

    import airl.files
    if which == 'direct':           # a file grows under its final name
        @contextmanager
        def direct(path):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            yield Path(path)
        for name in ('files', 'photos', 'outputs', 'runs', 'exports', 'manifest', 'scene', 'video_files', 'eval_tta'):
            module = __import__(f'airl.{name}', fromlist=['x'])
            if hasattr(module, 'replacing'): module.replacing = direct
    if which == 'remove-first':     # what is replaced goes before what replaces it comes
        whole = os.replace
        def first(a, b, **how):
            if os.path.isfile(b): os.unlink(b)
            return whole(a, b, **how)
        os.replace = first
    if which == 'unchecked':        # what was downloaded is taken as it is
        import airl.weights
        airl.weights.verify = airl.weights.locate


def main():
    how, at, root, note, _, *words = sys.argv[1:]
    sys.path.insert(0, str(HERE.parent/'tests'))
    if how == 'clock':
        now, back = time.time, 10*365*86400
        time.time = lambda: now() - back
    elif how != 'none': sys.addaudithook(hook_for(how, int(at), root, note))
    if os.environ.get('FAULTS_STANDINS'):
        import folders_engines
        import pytest
        folders_engines.put(pytest.MonkeyPatch(), lambda: None)
    if os.environ.get('FAULTS_PLANT'): plant(os.environ['FAULTS_PLANT'])
    sys.argv = ['airl', *words]
    from airl.__main__ import main as run
    run()


if __name__ == '__main__': main()
