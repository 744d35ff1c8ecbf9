"""Which preset for a folder of few photos: `probe`, `tune`, `nano` and `smoke` on three folders of real crops?

    AIRL_DATA=… python benchmarks/small_folders.py --sizes 30 100 300 --presets probe tune nano smoke --out small/

The folders are cut from labelled photos of PASCAL VOC and COCO (the parts for development, never those that judge
releases): *pets* (dog, cat), *farm* (horse, sheep, cow) and *things* (COCO: person, chair, cup, car, bowl). Each photo
gives one crop, of the largest object of its rarest class, so training, validation and test share no photo. A quarter
of the photos, chosen by a hash of their names, are the test part, 60 per class at most. Where a class has fewer photos
than asked for it has all it has; the table says how many that are. The backbone of `probe` and `tune` is trained on
ImageNet alone and saw none of these photos.
Runs that are already in --out are kept. Ends with a JSON line per run, and one per folder and size: probe less smoke.
"""
import argparse, hashlib, json, os, time
from collections import defaultdict
from pathlib import Path
from _figures import figure
from PIL import Image
from airl.data import load_data
from airl.eval_tta import evaluate
from airl.probe import trained
from airl.recipe import Recipe

FOLDERS = dict(pets=(('more/voc_sbd',), 'dog cat'), farm=(('more/voc_sbd',), 'horse sheep cow'),
               things=(('coco/dev', 'more/coco_full'), 'person chair cup car bowl'))
LEAST, TEST = 40, 60   # pixels of a crop's short side; test crops per class


def crops(root, parts, classes):
    "One crop per photo: class → (file, box), in the order of a hash of the names."
    found = defaultdict(list)
    for part in parts:
        data = json.loads((root/part/'instances.json').read_text())
        names, files = ({c['id']: c['name'] for c in data['categories']},
                        {i['id']: root/part/'images'/i['file_name'] for i in data['images']})
        for a in data['annotations']:
            x, y, w, h = a['bbox']
            if not a.get('iscrowd') and names[a['category_id']] in classes and min(w, h) >= LEAST:
                found[files[a['image_id']]].append((names[a['category_id']], w*h, (x, y, x + w, y + h)))
    often = {c: sum(c in {one[0] for one in objects} for objects in found.values()) for c in classes}
    out = {c: [] for c in classes}
    for file, objects in sorted(found.items(), key=lambda item: _place(item[0])):
        name, _, box = min(objects, key=lambda one: (often[one[0]], -one[1]))
        out[name].append((file, box))
    return out


def _place(file): return hashlib.sha256(file.stem.encode()).hexdigest()


def make_folder(root, where, parts, classes, size):
    "A folder with `train` and `test`, up to `size` and `TEST` photos per class."
    for name, found in crops(root, parts, classes).items():
        test = [one for one in found if int(_place(one[0]), 16) % 4 == 0][:TEST]
        train = [one for one in found if int(_place(one[0]), 16) % 4][:size]
        assert not {f for f, _ in test} & {f for f, _ in train}
        for part, chosen in (('test', test), ('train', train)):
            (where/part/name).mkdir(parents=True, exist_ok=True)
            for file, box in chosen:
                Image.open(file).convert('RGB').crop(tuple(map(int, box))).save(where/part/name/f'{file.stem}.png')
    return f'folder:{where}'


def run(folder, size, preset, minutes, out, root):
    "Train and judge; the figures, read where they are there."
    if (told := out/f'{folder}-{size}-{preset}.json').exists(): return json.loads(told.read_text())
    parts, classes = FOLDERS[folder][0], FOLDERS[folder][1].split()
    where = out/f'{folder}-{size}'
    data = f'folder:{where}' if where.exists() else make_folder(root, where, parts, classes, size)
    train_set, test_set = load_data(data, 'train'), load_data(data, 'test')
    recipe, start = Recipe.preset(preset, **(dict(max_minutes=minutes) if preset == 'nano' else {})), time.monotonic()
    done = trained(preset, recipe, train_set, out/f'{folder}-{size}-{preset}')
    seconds = time.monotonic() - start
    report = evaluate(done, test_set)
    row = dict(folder=folder, size=size, preset=preset, train=len(train_set), test=report.n,
               top1=report.top1, nll=report.nll, seconds=seconds, load=os.getloadavg()[0])
    told.write_text(json.dumps(row))
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--sizes', type=int, nargs='+', default=[30, 100, 300])
    parser.add_argument('--folders', nargs='+', default=list(FOLDERS))
    parser.add_argument('--presets', nargs='+', default=['probe', 'tune', 'nano', 'smoke'])
    parser.add_argument('--nano-minutes', type=float, default=10.)
    parser.add_argument('--out', type=Path, default=Path('small'))
    a = parser.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    root = Path(os.environ['AIRL_DATA'])
    rows = {(f, n, p): run(f, n, p, a.nano_minutes, a.out, root) for n in a.sizes for p in a.presets for f in a.folders}
    print('| folder | photos per class | training photos | test | ' + ' | '.join(a.presets)
          + ' |\n|---|---|---|---|' + '---|'*len(a.presets))
    for n in a.sizes:
        for f in a.folders:
            told = [rows[f, n, p] for p in a.presets]
            print(f'| {f} | {n} | {told[0]["train"]} | {told[0]["test"]} | '
                  + ' | '.join(f'{r["top1"]:.1%}, {r["seconds"]:.0f} s' for r in told) + ' |')
    for (f, n, p), r in rows.items():
        figure(f'small_folders.{f}.{n}.{p}', r['top1'],
               **{k: v for k, v in r.items() if k not in ('folder', 'size', 'preset', 'top1')})
    for f, n in dict.fromkeys((f, n) for f, n, _ in rows):
        if {'probe', 'smoke'} <= set(a.presets):
            figure(f'small_folders.{f}.{n}.probe_over_smoke', rows[f, n, 'probe']['top1'] - rows[f, n, 'smoke']['top1'],
                   0.)


if __name__ == '__main__': main()
