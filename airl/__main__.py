"`python -m airl` is the command `airl`."
import os
import signal
import sys


def _at_once(*_):
    os.write(2, b'Interrupted.\n')
    os._exit(130)


def main():
    "The command. While what it is made of is read, nothing is begun: Ctrl-C ends it there and then."
    before = signal.signal(signal.SIGINT, _at_once)
    from airl.cli import main as run
    signal.signal(signal.SIGINT, before)
    sys.exit(run())


if __name__ == '__main__': main()
