"Interruptions: an exception out of the n-th write, rename or unlink below a folder, whoever asks for it."
import errno
import os
import sys
from contextlib import contextmanager

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {'os.remove', 'os.rmdir', 'os.mkdir', 'os.rename', 'os.link', 'os.symlink', 'os.truncate'}
HOW = ('ctrl-c', 'killed', 'full', 'torn', 'engine')   # see `Stop`


class Killed(BaseException):
    "What nobody catches, so that nothing is tidied up; every later change is refused as well."


class Stop:
    """When and how a call is interrupted.

    ctrl-c: KeyboardInterrupt at one change; killed: at that one and all later ones; torn: the same, a file that was to
    be written is
    left with half a line; full: the disk takes no more; engine: KeyboardInterrupt when an engine is asked."""
    def __init__(self, how: str, at: int): self.how, self.at, self.seen, self.fired = how, at, 0, False
    def __repr__(self): return f'Stop({self.how!r}, {self.at})'

    def change(self, event, path, flags):
        late, self.seen = self.fired, self.seen + 1
        if self.how == 'engine' or self.seen <= self.at: return
        if self.how == 'ctrl-c' and late: return
        if self.how == 'full' and event not in ('open', 'os.mkdir'): return
        self.fired = True
        if self.how == 'torn' and event == 'open' and not late: _tear(path, flags)
        if self.how == 'ctrl-c': raise KeyboardInterrupt
        if self.how == 'full': raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        raise Killed(f'{event} {path}')

    def ask(self):
        if self.how != 'engine' or self.fired: return
        self.seen += 1
        if self.seen > self.at % 4:
            self.fired = True
            raise KeyboardInterrupt


_now = dict(stop=None, root='')


def _tear(path, mode):
    stop, _now['stop'] = _now['stop'], None
    try:
        with open(path, 'ab' if 'a' in str(mode) else 'wb') as file: file.write(b'{"half')
    except OSError: pass
    finally: _now['stop'] = stop


def _place(path, folder) -> str:
    if isinstance(path, int): return ''
    path = os.fsdecode(path)
    if isinstance(folder, int) and folder >= 0 and not os.path.isabs(path):
        try: path = os.path.join(os.readlink(f'/proc/self/fd/{folder}'), path)
        except OSError: return ''
    return path


def _hook(event, args):
    if _now['stop'] is None: return
    if event == 'open':
        path, mode, flags = args
        if not (any(c in mode for c in 'wax+') if isinstance(mode, str) else isinstance(flags, int) and flags & WRITES):
            return
        place = _place(path, None)
    elif event in CHANGES:
        place, mode = _place(args[0], args[-1] if event in ('os.remove', 'os.rmdir', 'os.mkdir')
                             else args[2] if event == 'os.rename' else None), None
    else: return
    if place == _now['root'] or place.startswith(_now['root'] + os.sep): _now['stop'].change(event, place, mode)


def asked():
    "An engine is asked."
    if _now['stop'] is not None: _now['stop'].ask()


@contextmanager
def stopping(stop: Stop | None, root):
    "Interrupt what is done below `root` meanwhile."
    if not _now.get('hooked'): sys.addaudithook(_hook)
    _now.update(hooked=True, stop=stop, root=os.path.abspath(root))
    try: yield stop
    finally: _now['stop'] = None
