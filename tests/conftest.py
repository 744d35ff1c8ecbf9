"What every check shares: the root, a copy of the tree to break, and no network."
import os
import sys
from pathlib import Path

import checks
import pytest
import seconds

ROOT = Path(__file__).resolve().parent.parent
THREADS = str(max(1, (os.cpu_count() or 2)//int(os.environ.get('PYTEST_XDIST_WORKER_COUNT', '1'))))


def pytest_addoption(parser):
    parser.addoption('--flags', default='', help='flagged cells to run as well, such as "slow network"')


def pytest_configure(config):
    "Workers share the cores, and nothing is downloaded unless cells that do so were asked for."
    config.pluginmanager.register(seconds)
    # hundreds of processes import torch; compiled anew in each, that takes as long again
    sys.dont_write_bytecode = False
    os.environ.pop('PYTHONDONTWRITEBYTECODE', None)
    os.environ.update(OMP_NUM_THREADS=THREADS, OMP_WAIT_POLICY='PASSIVE', MKL_NUM_THREADS=THREADS,
                      TOKENIZERS_PARALLELISM='false', TF_CPP_MIN_LOG_LEVEL='3')
    if 'network' not in config.getoption('--flags').split():
        os.environ.update(HF_HUB_OFFLINE='1', TRANSFORMERS_OFFLINE='1', HF_DATASETS_OFFLINE='1', WANDB_MODE='offline')


def pytest_report_header(): return f'Python {sys.version}'


@pytest.fixture(scope='session')
def root() -> Path: return ROOT


@pytest.fixture
def copy(tmp_path) -> Path: return checks.copy_tree(ROOT, tmp_path/'copy')
