"""How accurate is the preset `nano` after so many seconds of training, beside small ViTs of others? Same machine, same
data, same loop.

    python benchmarks/nano_race.py --minutes 3 10 --seeds 1 2 --minutes-once 30 --out race/

Two peers are written anew from their papers: a plain ViT with patches of 4 (192 wide, 6 blocks), as the usual
"ViT on CIFAR-10 from scratch" repositories have it, and CCT-2/3x2 (Hassani et al., 2021). Each trains by its own
recipe as far as this library's augmentation goes: RandAugment and random erasing are left out, cutout stands in.
Every cosine is as long as the budget, so each is judged at the end of a whole training. Accuracy is on 5,000 held-out
training images; no test image is read. Runs that are already in --out are kept.
Ends with a JSON line a run, and one a budget: ours less the best peer, which must not be below 0, at the largest
budget not below 5 points.
"""
import argparse, dataclasses, statistics
from pathlib import Path
import timm, torch
from _figures import figure
from torch import nn
from airl.data import load_data
from airl.train import Recipe, fit
from airl.vit_model import Block


class CCT(nn.Module):
    "CCT-2/3x2: two convolutions with pooling, two Transformer blocks, sequence pooling; 0.28 M parameters."
    def __init__(self, num_classes=10, img_size=32, dim=128, **_):
        super().__init__()
        layers = []
        for i, o in ((3, 64), (64, dim)):
            layers += [nn.Conv2d(i, o, 3, padding=1, bias=False), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
        self.tokenizer = nn.Sequential(*layers)
        self.pos_embed = nn.Parameter(torch.zeros(1, (img_size//4)**2, dim))
        self.blocks = nn.Sequential(*[Block(dim, 2, 1.) for _ in range(2)])
        self.norm, self.pool, self.head = nn.LayerNorm(dim), nn.Linear(dim, 1), nn.Linear(dim, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d): nn.init.kaiming_normal_(m.weight)
            if isinstance(m, nn.Linear):
                nn.init.trunc_normal_(m.weight, std=.02)
                nn.init.zeros_(m.bias)
        nn.init.trunc_normal_(self.pos_embed, std=.2)

    def forward(self, images):
        tokens = self.norm(self.blocks(self.tokenizer(images).flatten(2).transpose(1, 2) + self.pos_embed))
        return self.head((self.pool(tokens).softmax(1)*tokens).sum(1))


@timm.models.register_model
def cct_2_3x2_32(pretrained=False, **kwargs):
    return CCT(**{k: v for k, v in kwargs.items() if k in ('num_classes', 'img_size')})


# batch norm over the whole batch, as for the table in the card, which was made in bf16; precision is the fastest here
nano = Recipe.preset('nano', batch_size=500, lr_batch=500, accumulate=1)
shared = dict(img_size=32, mean=nano.mean, std=nano.std, scale=(1., 1.), shift=4,
              jitter=(0., 0., 0.), optimizer='adamw', precision=nano.precision)
RACERS = {
    'ViT-nano': nano,
    'ViT patch 4, d192, 6 blocks': Recipe(model='airl_vit_tiny_patch16_224', model_args=dict(patch_size=4, depth=6),
                                          **shared, batch_size=128, lr=1e-3,
                                          lr_batch=128, weight_decay=5e-5, warmup_epochs=1.,
                                          ema=0., mixup=0., cutmix=0., smoothing=.1, cutout=8),
    'CCT-2/3x2': Recipe(model='cct_2_3x2_32', **shared, batch_size=128, lr=5.5e-4,
                        lr_batch=128, weight_decay=.06, warmup_epochs=1., ema=0.,
                        mixup=.8, cutmix=1., mix_prob=1., smoothing=.1, cutout=8),
}


def race(name, minutes, seed, out, train, held_out):
    "Train one racer for `minutes`; its figures."
    recipe = dataclasses.replace(RACERS[name], schedule='minutes', max_minutes=float(minutes), epochs=10_000, seed=seed)
    slug = name.split()[0].replace('/', '-').lower() + ('-p4' if 'patch' in name else '')
    run = fit(recipe, train, held_out, out/f'{slug}-{minutes:g}min-seed{seed}')
    rows = run.metrics
    return dict(racer=name, minutes=minutes, seed=seed, accuracy=rows[-1].val_accuracy,
                epochs=rows[-1].epoch, n=len(held_out),
                images_per_second=statistics.median(r.images_per_second for r in rows),
                curve=[(round(r.seconds), r.val_accuracy) for r in rows])


def plot(results, path):
    import matplotlib
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    fig, ax = plt.subplots(figsize=(5.5, 3.2), layout='constrained')
    for i, name in enumerate(RACERS):
        for r in (r for r in results if r['racer'] == name):
            ax.plot(*zip(*[(s/60, 100*a) for s, a in r['curve']]), '.-', color=f'C{i}',
                    lw=1, label=name if r is next(x for x in results if x['racer'] == name) else None)
    ax.set(xlabel='minutes of training', ylabel='held-out accuracy, %', xscale='log')
    budgets = sorted({r['minutes'] for r in results})
    ax.set_xticks(budgets, [f'{m:g}' for m in budgets])
    ax.minorticks_off()
    ax.legend(frameon=False, fontsize=8)
    ax.spines[['top', 'right']].set_visible(False)
    fig.savefig(path, dpi=100)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--minutes', type=float, nargs='+', default=[3., 10.])
    parser.add_argument('--seeds', type=int, nargs='+', default=[1, 2])
    parser.add_argument('--minutes-once', type=float, nargs='*', default=[30.],
                        help='budgets run with the first seed only')
    parser.add_argument('--data', default='cifar10')
    parser.add_argument('--out', type=Path, default=Path('race'))
    a = parser.parse_args()
    train, held_out = load_data(a.data).split(.1)
    todo = [(m, s) for m in a.minutes for s in a.seeds] + [(m, a.seeds[0]) for m in a.minutes_once]
    results = [race(name, m, s, a.out, train, held_out) for m, s in todo for name in RACERS]
    print('\n| minutes | ' + ' | '.join(RACERS) + ' |\n|---|' + '---|'*len(RACERS))
    for m in dict.fromkeys(m for m, _ in todo):
        cells = [[r['accuracy'] for r in results if r['racer'] == name and r['minutes'] == m] for name in RACERS]
        print(f'| {m:g} | ' + ' | '.join(f'{statistics.mean(c):.1%} (n = {len(c)}, {min(c):.1%} – {max(c):.1%})'
                                         for c in cells) + ' |')
    plot(results, a.out/'race.png')
    for r in results:
        figure(f'nano_race.{r["racer"]}', r['accuracy'],
               **{k: v for k, v in r.items() if k not in ('racer', 'accuracy')})
    largest = max(m for m, _ in todo)
    for m in dict.fromkeys(m for m, _ in todo):
        mean = {name: statistics.mean(r['accuracy'] for r in results if r['racer'] == name and r['minutes'] == m)
                for name in RACERS}
        figure(f'nano_race.lead_over_best_peer_{m:g}_min',
               mean['ViT-nano'] - max(v for k, v in mean.items() if k != 'ViT-nano'), .05 if m == largest else 0.)


if __name__ == '__main__': main()
