"The same with real engines, each call a process of its own, killed at any moment."
import json
import os
import random
import signal
import subprocess
import sys
import time

from folders_machine import Call, Folder, tree


class Kill:
    "SIGKILL so many seconds after the folder has begun to change."
    def __init__(self, seconds: float): self.seconds, self.fired = seconds, False
    def __repr__(self): return f'Kill({self.seconds:.2f})'


def ask(argv, watched=None, kill: Kill | None = None):   # what `folders_machine.invoke` gives
    before = kill and tree(watched)
    process = subprocess.Popen([sys.executable, '-m', 'airl', *argv], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=os.environ | dict(HF_HUB_OFFLINE='1'))
    while kill and process.poll() is None:
        try: changed = tree(watched) != before
        except OSError: changed = True   # a file went while it was looked at
        if changed:
            time.sleep(kill.seconds)
            kill.fired = process.poll() is None
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(.002)
    out, said = process.communicate()
    try: told = json.loads(out)
    except ValueError: told = None
    error = RuntimeError(said) if 'Traceback' in said else None
    return process.returncode, told, out + said, error


class RealFolder(Folder):
    "A folder whose calls are processes."
    def ask(self, argv, stop): return ask(argv, self.out, stop)


def sequence(kind, seed: int):
    "Four random calls, most of them killed."
    draw = random.Random(seed)
    some, folder = lambda *choices: draw.choice(choices), kind()
    try:
        for _ in range(4):
            text, command = (some('a cat', 'a cat', 'a dog'),
                             some('segment', 'video', 'video', 'batch', 'batch', 'bench'))
            words = dict(segment=(f'@{some("photos/cat.jpg", "photos/cat.png")}', text),
                         batch=('@photos', text, *some((), ('--export', 'coco'))),
                         video=('@clips/plain.mp4', text), bench=('--data', 'folder:@labels'))[command]
            used = folder.flag(command, some('--overwrite', '--resume' if command == 'video' else '--overwrite', ''))
            folder.run(Call(command, (*words, *used)),
                       some(None, Kill(draw.uniform(0, .02)), Kill(draw.uniform(0, .3)), Kill(draw.uniform(0, 1.5))))
    finally: folder.teardown()
