"Run every file of benchmarks/, one question each: python tools/bench.py"
import subprocess
import sys
from pathlib import Path

questions = sorted(Path('benchmarks').glob('[!_]*.py'))
if not questions: print('benchmarks/ holds no question yet.')
for question in questions: subprocess.run([sys.executable, question], check=True)
