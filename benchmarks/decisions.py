"""Does the flow decide well where scores spread as those of real networks do?

Staged photos (`airl.standins`) of six kinds (small, marginal, secondary, nested, crowded things, and a thing alone
whose siblings are
absent), 1:1 to 2.4:1, in three settings (weak, middle, strong). Each photo is asked for a noun that it shows and for
one that it does not:
found, falsely found, wrong box (IoU with every true box below .5), wrong mask (IoU with every true mask below .75).
1. `python benchmarks/decisions.py -o rows.jsonl [--photos 1000] [--settings middle]`: ask, a row per question; goes on
where it stopped;
2. `--fit SETTING [--photos 200]`: the posterior's weights, from other seeds (100,000 and up) of that setting;
`--weights JSON` asks with them
   (the row of the table that tells what the mismatch of weights costs);
3. `--read rows.jsonl …`: the table, intervals of the paired difference to the flow of commit 21bc58e, a JSON line a
figure;
   `--keep FILE`: what was read, as the JSON that `--read` compares with (decisions_21bc58e.json was made so, from rows
   asked in that tree
   with PYTHONPATH set to it);
4. `--ranges [--photos 20]`: each parameter of the stand-ins at both ends of its range, middle setting: how many
answers change, and the balanced accuracy.
Beside each figure stands the ceiling: the likelihood-ratio rule that knows the stand-ins' parameters and reads the
same boxes and crops.
"""
import argparse
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')
import cv2
import numpy as np

KINDS = ('small', 'marginal', 'secondary', 'nested', 'crowded', 'absent')


def earlier_tree():
    "Let `airl.standins` be loaded into the tree of commit 21bc58e, whose rooms had other names."
    import importlib.util
    import types

    import airl.clip_ensemble as ensemble
    import airl.detector as detector
    import airl.scene as scene
    from airl.photos import resize_longest  # noqa: F401

    class Members(dict):   # what `_Members` is since
        def __init__(self, members, *_):
            super().__init__((m.key, types.SimpleNamespace(member=m)) for m in members)
            self.dropped = {}
    ensemble._Members = Members
    regions = types.ModuleType('airl.regions')
    regions.box_iou, regions.mask_to_box, regions.mask_iou = scene.box_iou, scene.mask_to_box, scene.mask_iou
    window = types.ModuleType('airl.sliding_window')
    window.SlidingWindowDetector = detector.SlidingWindowDetector
    sys.modules |= {'airl.regions': regions, 'airl.sliding_window': window}
    spec = importlib.util.spec_from_file_location('airl.standins',
                                                  Path(__file__).resolve().parent.parent/'airl'/'standins.py')
    standins = sys.modules['airl.standins'] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(standins)
    standins.ClipLike._logits = lambda self, images, texts: self._members.logits(images, texts)


def set_up():
    "Import what answers, from the tree that PYTHONPATH names."
    cv2.setNumThreads(1)
    import torch
    torch.set_num_threads(1)
    try: import airl.proposals as photos
    except ImportError:
        earlier_tree()
        import airl.sam2_pipeline as photos
    known = getattr(photos, 'KnownPhoto', None) or photos._Photo
    # staged photos are smaller than the frame in which masks are scored
    known.small = property(lambda self: self.image.shape[:2])
    from airl.standins import ClipLike
    ClipLike.seen = lambda self, image, k=5: []                  # what is told beside an empty answer decides nothing


def judged(result, photo, noun) -> dict:
    "What an answer is worth."
    from airl.scene import box_iou, mask_iou, mask_to_box
    row = dict(found=bool(result.instances), p=round(float(result.presence[noun]), 5))
    if not result.instances or noun == photo.absent: return row
    truth, best = photo.truth(noun), result.instances[0]
    boxes = np.stack([mask_to_box(m) for m in truth])
    row['box'] = round(float(box_iou(best.detected[None], boxes).max()), 3)
    row['mask'] = round(float(mask_iou(best.mask[None], truth).max()), 3)
    return row


def likelihood_ratio(photo, noun, pipeline, setting, fills=(.55, .7, .85, .95), shown=.5) -> float:  # log
    """How much better the photo's boxes and crops are explained by some of them showing `noun` than by none.

    A crop shows one noun of the list, or nothing listed, which has an unknown part of it to itself (`fills`); cosines
    and detection
    scores are normal around what the stand-ins' parameters say, and correlated between members as they say. If the
    noun is there, each
    box shows it with probability `shown`, and at least one does. It reads no tiles, takes boxes for independent of
    each other, and says
    "absent" where there is no box, so a rule that knows less can at times be right more often.
    """
    from airl.posterior import CONTEXT, LOOKED_AT
    from airl.regions import box_area, crop_around
    from airl.standins import GROUPS, MEMBERS, TEXTS, likeness, siblings
    e, members = pipeline.evidence(photo.image, noun)[noun], pipeline.scorer._members
    if not len(e.boxes): return -1.
    nouns, n = [*GROUPS], len(TEXTS)
    shows = np.array([likeness(v, setting.alike)[:n] for v in nouns] + [np.zeros(n)])
    asked, kin = (np.array([v == noun for v in nouns] + [False]),
                  np.array([noun in siblings(v) for v in nouns] + [False]))
    like = [MEMBERS[k] for k in members]
    m = len(like)
    precision = np.linalg.inv(setting.noise**2*(setting.shared*np.ones((m, m))
                                                + (1 - setting.shared)*np.eye(m)))@np.full(m, setting.gain)
    weight, ratios = setting.gain*precision.sum(), []
    odds = np.log(e.boxes.score/(1 - e.boxes.score)).astype(float)
    share = np.clip(.75*box_area(e.boxes.xyxy)/photo.ids.size, .002, .5)
    others = np.where(kin[~asked], .4/max(1, kin.sum()), .6/(~kin[~asked]).sum())
    for box, score, part in list(zip(e.boxes.xyxy, odds, share))[:LOOKED_AT]:
        seen = members._cosines(crop_around(photo.image, box, CONTEXT))[:, :n]
        seen = (seen - np.array([[k.base] for k in like]))/np.array([[k.gain] for k in like])
        a, b = shows@(precision@seen), (shows**2).sum(1)*weight
        explained = np.logaddexp.reduce([f*a - .5*f**2*b for f in fills]) - np.log(len(fills))
        size = setting.size*np.log(part/.1)
        def near(centre, score=score): return 0. if e.window else -.5*((score - centre)/setting.spread)**2
        false = [near(setting.false + .5*size + setting.kin*k) for k in kin[~asked]]
        ratios.append(explained[asked][0] + near(setting.true + size)
                      - np.logaddexp.reduce(explained[~asked] + false + np.log(others)))
    none = -len(ratios)*np.log1p(-shown)
    some = np.log1p(shown*np.expm1(np.minimum(ratios, 30))).sum() + none
    return float(np.log(np.expm1(some).clip(1e-12)) - np.log(np.expm1(none)))


def ask(kind, seed, setting, **options) -> list[dict]:   # options: of the pipeline
    "Both questions about one photo."
    from airl.sam2_pipeline import TextDrivenSegmentationPipeline
    from airl.standins import Stage, stage_photo, standin_engines
    photo = stage_photo(kind, seed)
    scorer, detector, segmenter = standin_engines(Stage(photo), setting)
    pipeline = TextDrivenSegmentationPipeline(scorer=scorer, detector=detector, segmenter=segmenter, **options)
    rows = []
    for noun in (photo.asked, photo.absent):
        head = dict(kind=kind, seed=seed, setting=setting.name, there=noun == photo.asked)
        row = head | judged(pipeline.segment_image(photo.image, noun), photo, noun)
        if hasattr(pipeline, 'evidence'): row['ceiling'] = round(likelihood_ratio(photo, noun, pipeline, setting), 3)
        rows.append(row)
    return rows


def run(args):
    "Ask all questions that `args.output` has not."
    from airl.standins import SETTINGS
    file = Path(args.output)
    done = ({(r['kind'], r['seed'], r['setting']) for r in map(json.loads, file.read_text().splitlines())}
            if file.exists() else set())
    first, start, n, options = args.first, time.perf_counter(), 0, {}
    if args.weights:
        from airl.posterior import Posterior
        options['posterior'] = Posterior(**{k: tuple(v) if isinstance(v, list) else v
                                            for k, v in json.loads(args.weights).items()})
    with open(file, 'a', encoding='utf-8') as out:
        for seed in range(first, first + args.photos):
            for name in args.settings:
                for kind in args.kinds:
                    if (kind, seed, name) in done: continue
                    for row in ask(kind, seed, SETTINGS[name], **options): print(json.dumps(row), file=out)
                    n += 1
            out.flush()
    print(f'{n} photos, {(time.perf_counter() - start)/max(1, n)*1000:.0f} ms each')


def examples(setting, photos, first=100_000) -> list[dict]:
    "Questions with their evidence and their answers, as `airl.posterior.fit` takes them."
    from airl.regions import box_iou, mask_to_box
    from airl.sam2_pipeline import TextDrivenSegmentationPipeline
    from airl.standins import Stage, stage_photo, standin_engines
    rows = []
    for seed in range(first, first + photos):
        for kind in KINDS:
            photo = stage_photo(kind, seed)
            scorer, detector, segmenter = standin_engines(Stage(photo), setting)
            pipeline = TextDrivenSegmentationPipeline(scorer=scorer, detector=detector, segmenter=segmenter)
            true = np.stack([mask_to_box(m) for m in photo.truth(photo.asked)])
            for noun in (photo.asked, photo.absent):
                e, there = pipeline.evidence(photo.image, noun)[noun], noun == photo.asked
                right = (box_iou(e.boxes.xyxy, true).max(1) >= .5 if there and len(e.boxes)
                         else np.zeros(len(e.boxes), bool))
                rows.append(e.as_dict() | dict(there=there, right=right.tolist()))
    return rows


def read(files) -> dict:   # setting → kind → figures, and every answer as a string of 0 and 1 in the order of seeds
    "What rows say."
    by, found = {}, {}
    for row in (json.loads(line) for file in files for line in Path(file).read_text().splitlines()):
        by.setdefault(row['setting'], {}).setdefault(row['kind'], {}).setdefault(row['seed'], {})[row['there']] = row
    for setting, kinds in by.items():
        for kind, seeds in kinds.items():
            both = [v for _, v in sorted(seeds.items()) if len(v) == 2]
            hits = [v[True] for v in both if v[True]['found']]
            figures = dict(n=len(both), first=min(seeds), found=np.mean([v[True]['found'] for v in both]),
                           false=np.mean([v[False]['found'] for v in both]),
                           wrong_box=np.mean([r['box'] < .5 for r in hits] or [0]),
                           wrong_mask=np.mean([r['mask'] < .75 for r in hits] or [0]),
                           found_each=''.join(str(int(v[True]['found'])) for v in both),
                           false_each=''.join(str(int(v[False]['found'])) for v in both))
            if 'ceiling' in both[0][True]:
                figures |= dict(ceiling_found=np.mean([v[True]['ceiling'] > 0 for v in both]),
                                ceiling_false=np.mean([v[False]['ceiling'] > 0 for v in both]))
            found.setdefault(setting, {})[kind] = {k: float(v) if isinstance(v, np.floating) else v
                                                   for k, v in figures.items()}
    return found


def balanced(found, false): return (found + 1 - false)/2


def difference(now, before):  # of balanced accuracy, and its 95 % interval over photos
    "Paired over the photos that both have."
    n = min(now['n'], before['n'])
    def right(one): return [(int(a) + 1 - int(b))/2 for a, b in zip(one['found_each'][:n], one['false_each'][:n])]
    gain = np.array(right(now)) - np.array(right(before))
    half = 1.96*gain.std(ddof=1)/np.sqrt(n)
    return gain.mean(), gain.mean() - half, gain.mean() + half


def report(now, before):
    "The table, and a JSON line a figure."
    from _figures import figure
    print('| setting | kind | n | found | falsely | wrong box | wrong mask | balanced | ceiling | before | gain |')
    print('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |')
    lines = []
    for setting, kinds in now.items():
        for kind, f in kinds.items():
            own, top = balanced(f['found'], f['false']), balanced(f.get('ceiling_found', np.nan),
                                                                  f.get('ceiling_false', np.nan))
            old = before[setting][kind]
            gain, low, high = difference(f, old)
            was = (f'{balanced(old["found"], old["false"]):.3f} ({old["found"]:.2f}, {old["false"]:.2f}; box '
                   f'{old["wrong_box"]:.2f}, mask {old["wrong_mask"]:.2f})')
            print(f'| {setting} | {kind} | {f["n"]} | {f["found"]:.3f} | {f["false"]:.3f} | {f["wrong_box"]:.3f} | '
                  f'{f["wrong_mask"]:.3f} | {own:.3f} | '
                  f'{top:.3f} | {was} | {gain:+.3f} [{low:+.3f}, {high:+.3f}] |')
            slack = .06 if setting == 'weak' else .03
            lines.append((f'decisions.{setting}.{kind}.balanced', own, top - slack,
                          dict(n=f['n'], found=f['found'], false=f['false'], ceiling=top)))
            lines.append((f'decisions.{setting}.{kind}.gain_low', low, 0.,
                          dict(gain=gain, high=high, wrong_box=f['wrong_box'], wrong_mask=f['wrong_mask'])))
    for name, value, target, rest in lines:
        figure(name, value, round(target, 4), **{k: round(v, 4) for k, v in rest.items()})


def ranges(photos):
    "How much the flow's answers hang on each assumption."
    from airl.standins import ASSUMED, SETTINGS
    from _figures import figure
    def answers(setting):
        return [r['found'] for seed in range(photos) for kind in KINDS for r in ask(kind, 200_000 + seed, setting)]
    middle = answers(SETTINGS['middle'])
    def accuracy(found): return float(np.mean([f == (k % 2 == 0) for k, f in enumerate(found)]))
    for name, (_, low, high) in ASSUMED.items():
        for end, value in (('low', low), ('high', high)):
            found = answers(replace(SETTINGS['middle'], **{name: value}))
            figure(f'decisions.range.{name}.{end}', np.mean(np.array(found) != middle),
                   value_tried=value, balanced=accuracy(found), middle=accuracy(middle))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('-o', '--output')
    parser.add_argument('--photos', type=int, default=1000)
    parser.add_argument('--first', type=int, default=0)
    parser.add_argument('--settings', nargs='+', default=['weak', 'middle', 'strong'])
    parser.add_argument('--kinds', nargs='+', default=KINDS)
    parser.add_argument('--fit', metavar='SETTING')
    parser.add_argument('--weights', metavar='JSON', help='what --fit printed, in place of the weights that ship')
    parser.add_argument('--read', nargs='+', metavar='ROWS')
    parser.add_argument('--keep', metavar='FILE')
    parser.add_argument('--ranges', action='store_true')
    args = parser.parse_args()
    if args.read:
        now = read(args.read)
        if args.keep: Path(args.keep).write_text(json.dumps(dict(settings=now), indent=0) + '\n')
        return report(now, json.loads((Path(__file__).parent/'decisions_21bc58e.json').read_text())['settings'])
    set_up()
    if args.output: run(args)
    if args.ranges: ranges(min(args.photos, 20))
    if args.fit:
        from airl.posterior import fit
        from airl.standins import SETTINGS
        from dataclasses import asdict
        print(json.dumps(asdict(fit(examples(SETTINGS[args.fit], args.photos)))))


if __name__ == '__main__': main()
