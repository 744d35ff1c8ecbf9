"`python -m airl` is the command `airl`."
import os
import signal
import sys


def _at_once(*_):
    os.write(2, b'Interrupted.\n')
    os._exit(130)


def main():
    "The command. While what it is made of is read, nothing is begun: Ctrl-C ends it there and then."
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler     # else it is not to be heard at all
    if usual: signal.signal(signal.SIGINT, _at_once)
    from airl.cli import main as run
    if usual: signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(run())


if __name__ == '__main__': main()
