"""How long does `airl --help` take, beside a Typer program that does nothing?

    python benchmarks/cli_start.py [--rounds 11]

Both in processes of their own, in turn. The bound: at most 0.4 s, and twice the empty program. The seconds of the
processor, which a busy machine hardly changes, stand beside those of
the clock.
"""
import argparse
import os
import subprocess
import sys

from _figures import in_turn, spread

EMPTY = "import typer\napp = typer.Typer()\n@app.command()\ndef main(): 'Nothing.'\napp(['--help'])"
QUICK = '--rounds 5'


def start(used: list, *command):
    "Run a program to its end; `used` gets the seconds that it had the processor."
    before = os.times()
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    now = os.times()
    used.append(now.children_user + now.children_system - before.children_user - before.children_system)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rounds', type=int, default=11)
    whole, nothing, segment = [], [], []
    took = in_turn(parser.parse_args().rounds, airl=lambda: start(whole, '-m', 'airl', '--help'),
                   empty=lambda: start(nothing, '-c', EMPTY),
                   segment=lambda: start(segment, '-m', 'airl', 'segment', '--help'))
    spread('cli_start.help_processor_seconds', whole[1:], .4)
    spread('cli_start.processor_ratio_to_empty_typer', [a/b for a, b in zip(whole[1:], nothing[1:])], 2)
    spread('cli_start.help_seconds', took['airl'], .4)
    spread('cli_start.segment_help_seconds', took['segment'])
    spread('cli_start.ratio_to_empty_typer', [a/b for a, b in zip(took['airl'], took['empty'])], 2)


if __name__ == '__main__': main()
