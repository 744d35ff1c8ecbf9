"""Nothing is lost: random calls over one folder, interrupted and resumed, and the smallest calls that once lost
something."""
import json
import shutil

import pyarrow.parquet as pq
import pytest
from airl.outputs import content_of
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

import folders_engines
import folders_machine
import folders_real
from folders_machine import Call
from folders_stops import HOW, Stop, asked

RANDOM = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck),
                  print_blob=False, derandomize=True)


@pytest.fixture(scope='module')
def world(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('IN_TEST', '1')
        folders_engines.put(patch, asked)
        yield folders_machine.World(tmp_path_factory.mktemp('folders'))
    folders_engines.forget_engines()


def machine(world):
    return type('Folder', (folders_machine.Folder,), dict(world=world, counts=folders_machine.Counter()))


def test_random_calls_lose_nothing(world):
    kind = machine(world)
    run_state_machine_as_test(kind, settings=settings(RANDOM, max_examples=200, stateful_step_count=4))
    assert kind.counts['of three calls and more'] >= 200, kind.counts


def again(*words): return Call('batch', ('@broken', 'a cat', *words))


def interrupted(world, first, second, how) -> int:
    """One call, another that is interrupted at its first, second, … change of a file, and that other one again: how
    many changes it makes."""
    for at in range(1000):
        folder, stop = machine(world)(), Stop(how, at)
        try:
            folder.run(first)
            folder.run(second, stop)
            if not stop.fired: return at
            folder.run(second)
        finally: folder.teardown()


def test_an_interruption_at_any_change(world): assert interrupted(world, again(), again(), 'ctrl-c') > 40


def slow(request):
    if 'slow' not in request.config.getoption('--flags').split(): pytest.skip('slow')


def test_a_thousand_sequences_lose_nothing(world, request):
    slow(request)
    run_state_machine_as_test(machine(world),
                              settings=settings(RANDOM, derandomize=False, max_examples=1000, stateful_step_count=6))


def test_killed_processes_lose_nothing(tmp_path, request):
    slow(request)
    world = folders_machine.World(tmp_path, folders_machine.cat, folders_real.ask)
    kind = type('Folder', (folders_real.RealFolder,), dict(world=world, counts=folders_machine.Counter()))
    for seed in range(30): folders_real.sequence(kind, seed)
    assert sum(n for what, n in kind.counts.items() if what.endswith('stopped')) >= 30, kind.counts


CAT, CLIP = Call('segment', ('@photos/cat.jpg', 'a cat')), Call('video', ('@clips/plain.mp4', 'a cat'))


def video(*words, clip='clips/plain.mp4'): return Call('video', (f'@{clip}', *words))


def batch(*words): return Call('batch', ('@photos', *words))


PAIRS = dict(
    batch=(batch('a dog', '--export', 'coco', '--gallery'), batch('a cat', '--export', 'coco', '--gallery')),
    segment=(CAT, Call('segment', ('@photos/cat.jpg', 'a dog', '--overwrite'))),
    video=(CLIP, video('a dog', '--overwrite')),
    bench=tuple(Call('bench', ('--data', 'folder:@labels', '--task', 'text', *w))
                for w in ((), ('--limit', '1', '--overwrite'))),
    train=tuple(Call('train', ('--preset', 'smoke', '--data', 'folder:@birds', '--set', *w))
                for w in (('epochs=1',), ('epochs=2', '--overwrite'))),
    study=tuple(Call('study', ('patches', '--data', 'folder:@birds', '--seeds', '1', '--epochs', *w))
                for w in ('1', ('2', '--overwrite'))),
    eval=tuple(Call('eval', ('--data', 'folder:@birds', '--model', *w))
               for w in (('@run-a',), ('@run-b', '--overwrite'))),
    export=tuple(Call('export', w, 'model.pt2') for w in (('@run-a',), ('@run-b', '--overwrite'))))


@pytest.mark.parametrize('how', HOW)
@pytest.mark.parametrize('command', PAIRS)
def test_an_interruption_at_any_change_of_any_command(world, request, command, how):
    slow(request)
    interrupted(world, *PAIRS[command], how)


def after(world, *steps) -> set[str]:
    "What one folder holds after calls, each alone or as (call, what the user did before it); raises `Fault`."
    folder = machine(world)()
    try:
        for step in steps: folder.run(step) if isinstance(step, Call) else folder.run(step[0], None, step[1])
        return set(folders_machine.tree(folder.out))
    finally: folder.teardown()


@pytest.mark.parametrize('second', [video('a unicornfish'), video('a cat', clip='broken.webm'),
                                    video('a cat', '--show', 'nothing')], ids=['word', 'clip', 'option'])
def test_a_failed_call_leaves_a_finished_video(world, second): after(world, CLIP, second)


@pytest.mark.parametrize('second', [video('a dog', '--resume'), video('a cat', '--resume', clip='others/plain.mp4'),
                                    video('a cat', '--end', '0.3', '--resume'),
                                    video('a cat', '--show', 'side', '--resume'),
                                    (video('a cat', '--resume'), ('change', 'clip'))],
                         ids=['text', 'clip', 'end', 'show', 'content'])
def test_a_finished_video_answers_no_other_question(world, second): after(world, CLIP, second)


@pytest.mark.parametrize('file', ['gallery/mine.jpg', 'gallery/index.html', 'yolo/mine.txt', 'coco/train.json'])
@pytest.mark.parametrize('made', [(), ('--gallery',), ('--export', 'yolo'), ('--export', 'coco')],
                         ids=['nothing', 'gallery', 'yolo', 'coco'])
def test_a_batch_deletes_nothing_of_the_user(world, file, made):
    after(world, batch('a cat'), (batch('a cat', *made), ('put', file)), batch('a cat'))


def test_a_gallery_is_made_when_asked_for(world):
    assert not any(name.startswith('gallery') for name in after(world, batch('a cat')))
    assert 'gallery/index.html' in after(world, batch('a cat', '--gallery'), batch('a cat'))


@pytest.mark.parametrize('second', ['photos/cat.png', 'others/cat.jpg'])
def test_photos_of_one_name_have_answers_of_their_own(world, second):
    after(world, CAT, Call('segment', (f'@{second}', 'a cat')), CAT)


def test_a_photo_that_has_changed_keeps_its_first_answer(world): after(world, CAT, (CAT, ('change', 'photo')))


@pytest.mark.parametrize('made', [(), ('--export', 'coco')], ids=['rows', 'coco'])
def test_texts_are_added_to_a_batch(world, made):
    after(world, batch('a dog', *made), batch('a cat', *made), batch('a dog'))


def test_a_video_does_not_replace_another(world):
    after(world, CLIP, video('a dog'), video('a dog', clip='others/plain.mp4'))


@pytest.mark.parametrize('what', ['labels', 'seen'])
def test_changed_labels_are_measured_anew(world, what):
    bench = Call('bench', ('--data', 'folder:@labels', '--task', 'text'))
    after(world, bench, (bench, ('change', what)), bench)


def answer_of(**change): return dict(command='video', question={}, files={}, done=True) | change


def journal(**change): return dict(staging='../victim', name='video', old={}, new={}, answer=answer_of()) | change


DAMAGED = dict(
    out={'.airl-journal.json': journal()}, half={'.airl-journal.json': '{"staging": ".airl-new-0123'},
    no_done={'.airl-journal.json': journal(staging='.airl-new-01234567',
                                           answer=dict(command='video', question={}, files={}))},
    moved={'.airl-journal.json': journal(staging='.airl-new-01234567', old={'../victim/mine.txt': [4, 'ab']})},
    linked={'.airl-new-01234567': '-> ../victim',
            '.airl-journal.json': journal(staging='.airl-new-01234567', new={'mine.txt': [4, 'ab']})},
    no_answers={'.airl.json': dict(version=1)}, a_list={'.airl.json': dict(version=1, answers=[])},
    unknown={'.airl.json': dict(version=1, answers=dict(video=answer_of(more=1)))},
    theirs={'.airl.json': dict(version=1, answers=dict(video=answer_of(files={'../victim/mine.txt': None})))},
    absolute={'.airl.json': dict(version=1, answers=dict(video=answer_of(files={'@/mine.txt': None})))})


@pytest.mark.parametrize('what', DAMAGED)
def test_a_damaged_record_is_told_and_not_followed(world, what):
    folder = machine(world)()
    try:
        folder.run(CLIP)
        victim = folder.out.parent/'victim'
        victim.mkdir(exist_ok=True)
        (victim/'mine.txt').write_text('mine')
        known = json.dumps([4, content_of(victim/'mine.txt')])
        for name, content in DAMAGED[what].items():
            if str(content).startswith('-> '): (folder.out/name).symlink_to(folder.out/content[3:])
            else:
                (folder.out/name).write_text((content if isinstance(content, str)
                                              else json.dumps(content)).replace('null',
                                                                                known).replace('@', str(victim)))
        before = folders_machine.tree(folder.out), folders_machine.tree(victim)
        for call in (CAT, video('a dog', '--overwrite')):
            code, _, said, error = folder.ask(call.argv(world.inputs.root, folder.out), None)
            assert code == 2 and isinstance(error, SystemExit) and said.count('\n') == 1, (code, said, error)
            assert (folders_machine.tree(folder.out), folders_machine.tree(victim)) == before
    finally: folder.teardown()


@pytest.mark.parametrize('how', HOW)
def test_every_text_is_asked_of_every_photo_of_an_export(world, how):
    for at in range(0, 60, 6):
        folder = machine(world)()
        try:
            folder.run(batch('a dog'), Stop(how, at))
            folder.run(batch('a cat', '--export', 'coco'), None, ('change', 'photo'))
            rows = pq.read_table(folder.out/'manifest.parquet').to_pylist()
            exported = {i['file_name'].replace('_2', '') for part in (folder.out/'coco').glob('*.json')
                        for i in json.loads(part.read_text())['images']}
            asked = {name: {r['prompt'] for r in rows if r['image'] == name} for name in exported}
            assert set(map(len, asked.values())) == {len({r['prompt'] for r in rows})} and len(exported) == 3, asked
        finally: folder.teardown()


@pytest.mark.parametrize('command', ['segment', 'video', 'batch', 'bench', 'train', 'study', 'eval'])
def test_a_full_disk_leaves_no_folder_with_nothing_in_it(world, command):
    for at in range(0, 400, 3):
        folder, stop = machine(world)(), Stop('full', at)
        try:
            code, _, said, error = folder.ask(PAIRS[command][0].argv(world.inputs.root, folder.out), stop)
            if not stop.fired: return
            assert isinstance(error, SystemExit) and '.airl-new-' not in said, (at, said, error)
            left = folders_machine.tree(folder.out) if folder.out.exists() else {}
            kept = [n for n in left if not n.startswith('.airl-new-')
                    or n.endswith(('.parquet', '.pt', '.jsonl', '.pth', '.csv', '.mp4'))]
            assert not left or kept, (at, sorted(left))
        finally: folder.teardown()


def test_what_a_batch_wrote_is_no_photo(world):
    folder = machine(world)()
    try:
        shutil.copytree(world.inputs.root/'photos', folder.out)
        for _ in range(2):
            code, told, said, _ = folder.ask(['batch', str(folder.out), 'a cat',
                                              '-o', str(folder.out), '--models', 'lite', '--json',
                                              '-q', '--export', 'coco', '--export', 'masks', '--gallery'], None)
            assert code == 0 and told['images'] + told['skipped'] == 3, said
    finally: folder.teardown()


def test_an_answer_about_the_photo_as_it_is_now_is_replaced(world):
    cat, dog = CAT, Call('segment', (*CAT.words, '--overwrite'))
    folder = machine(world)()
    try:
        folder.run(cat)
        folder.run(cat, None, ('change', 'photo'))
        first = folders_machine.tree(folder.out)
        folder.ask([*dog.argv(world.inputs.root, folder.out), '--instances', 'all'], None)
        now = folders_machine.tree(folder.out)
        changed = {n for n in first if now.get(n) != first[n] and not n.startswith('.')}
        assert changed and all('_2_' in n for n in changed), changed
    finally: folder.teardown()
