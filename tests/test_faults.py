"A machine that fails: real processes, a handful of points. The long form: python benchmarks/faults.py"
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]/'benchmarks'))
import faults

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='signals, and a disk that is full, are as POSIX has them')


def test_a_command_survives_the_machine(tmp_path):
    points = list(faults.machine_points(faults.Asker(), ['segment'], ['kill', 'term', 'full', 'readonly'],
                                        3, 1, tmp_path))
    assert len(points) == 3 and any(failing.fired for _, failing, _, _ in points)
    assert not [fault for *_, fault in points if fault]


def test_a_file_that_grows_under_its_name_is_found(tmp_path):
    "The harness can fail: an airl that writes files where they will stand loses an answer."
    ask = faults.Asker(plant='direct')
    world = faults.world_of(tmp_path, ask, ['segment'])
    kind = faults.kind_of(world, ask)
    (template := kind()).run(faults.PAIRS['segment'][0])
    masks = next(name for name in template.answers[0].files if name.endswith('_mask.png'))
    (template.out/masks).write_bytes(b'half')
    with pytest.raises(faults.Found): template.run(faults.PAIRS['segment'][0]) or template.teardown()


# a status 500 is tried again for half a minute: in the long form
@pytest.mark.parametrize('lie, stage', [('cut', 'file'), ('content', 'file'), ('page', 'about')])
def test_a_download_survives_a_hub_that_lies(lie, stage): assert faults.lied_to(lie, stage) == ''


def test_a_download_that_is_not_checked_is_found():
    assert 'not what the hub published' in faults.lied_to('content', 'file', plant='unchecked', again=False)
