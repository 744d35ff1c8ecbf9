"""What holds for every box, mask, run length, export, measure, recipe and text, tried on those that Hypothesis thinks
of."""
import io
import json
import unicodedata
from dataclasses import asdict

import numpy as np
import pytest
from airl.files import UserError
from airl.regions import (box_area, box_iou, clip_boxes, containment, decode_rle, encode_rle, filled, mask_to_box,
                          polygons, suppress, yolo_line)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

often = settings(max_examples=100, deadline=None, derandomize=True, database=None)
seldom = settings(often, max_examples=25)


@st.composite
def boxes(draw, most=8, side=100.):
    n, number = draw(st.integers(0, most)), st.floats(-side, 2*side, width=32)
    corners = np.array([[draw(number) for _ in range(4)] for _ in range(n)], np.float32).reshape(-1, 4)
    return np.concatenate([np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])], 1)


@st.composite
def masks(draw, side=24):
    h, w = draw(st.integers(1, side)), draw(st.integers(1, side))
    share = draw(st.sampled_from([0., .05, .5, .95, 1.]))
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1))).random((h, w)) < share


@often
@given(boxes(), boxes())
def test_boxes(a, b):
    overlap, inside = box_iou(a, b), containment(a, b)
    assert overlap.shape == inside.shape == (len(a), len(b)) and np.isfinite(overlap).all()
    assert np.isfinite(inside).all()
    assert (overlap >= 0).all() and (overlap <= 1 + 1e-5).all() and np.allclose(overlap, box_iou(b, a).T, atol=1e-5)
    itself = np.diag(box_iou(a, a))
    assert np.allclose(itself[box_area(a) > 1e-3], 1, atol=1e-4)
    clipped = clip_boxes(a, (50, 80))
    assert (clipped[:, :2] >= 0).all() and (clipped[:, 2] <= 80).all()
    assert (clipped[:, 3] <= 50).all() and np.array_equal(clip_boxes(clipped, (50, 80)), clipped)


@often
@given(boxes(), st.integers(0, 2**32 - 1), st.floats(.05, .95))
def test_suppression_keeps_the_best_and_nothing_twice(xyxy, seed, threshold):
    score = np.random.default_rng(seed).random(len(xyxy)).astype(np.float32)
    kept = suppress(xyxy, score, ['a cat']*len(xyxy), threshold)
    assert len(set(kept.tolist())) == len(kept) <= len(xyxy) and (not len(xyxy) or len(kept))
    again = box_iou(xyxy[kept], xyxy[kept]) - 2*np.eye(len(kept))
    assert (again <= threshold + 1e-5).all()


@often
@given(masks())
def test_run_lengths_come_back(mask):
    from airl.coco_labels import run_lengths
    from pycocotools import mask as theirs
    code = encode_rle(mask)
    assert np.array_equal(decode_rle(code), mask) and json.loads(json.dumps(code)) == code
    counts = run_lengths(code['counts'])
    assert counts.sum() == mask.size and counts[1::2].sum() == mask.sum()
    assert np.array_equal(theirs.decode(dict(size=code['size'], counts=code['counts'].encode())).astype(bool), mask)


@often
@given(st.text(max_size=40), st.sampled_from([(3, 4), (24, 32)]))
def test_run_lengths_of_nonsense_are_told(text, size):
    from airl.coco_labels import _runs_fault
    fault = _runs_fault(dict(size=list(size), counts=text), *size)
    if not fault: assert decode_rle(dict(size=list(size), counts=text)).shape == size


@often
@given(masks())
def test_a_mask_and_its_box(mask):
    assume(mask.any())
    x0, y0, x1, y1 = (int(v) for v in mask_to_box(mask))
    assert mask[y0:y1, x0:x1].sum() == mask.sum() and mask[y0].any() and mask[y1 - 1].any()
    assert mask[:, x0].any() and mask[:, x1 - 1].any()


@often
@given(masks())
def test_outlines_come_back(mask):
    "Without tolerance, outlines that are filled again hold all of the mask, and nothing beyond its box."
    again = filled(polygons(mask, 0.), mask.shape)
    assert again.shape == mask.shape and again[mask].all() and again.any() == mask.any()
    assume(mask.any())
    assert np.array_equal(mask_to_box(again), mask_to_box(mask))
    for line in yolo_line(3, mask).splitlines():
        number, *places = line.split()
        assert number == '3' and len(places) % 2 == 0 and len(places) >= 6 and all(0 <= float(p) <= 1 for p in places)


@often
@given(masks(), st.integers(0, 2**32 - 1))
def test_measures(mask, seed):
    from airl.measures import boundary_f, iou
    other = np.random.default_rng(seed).random(mask.shape) < .5
    for measure in (iou, boundary_f):
        assert 0 <= measure(mask, other) <= 1 and measure(mask, mask) == pytest.approx(1)
        assert measure(mask, other) == pytest.approx(measure(other, mask), abs=1e-6)
    union = (mask | other).sum()
    assert iou(mask, other) == pytest.approx((mask & other).sum()/union if union else 1)


@often
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=30))
def test_presence_counts_pairs_in_the_right_order(pairs):
    from airl.measures import presence_auc
    there, absent = [p for p, t in pairs if t], [p for p, t in pairs if not t]
    found = presence_auc([p for p, _ in pairs], [t for _, t in pairs])
    if not there or not absent: assert np.isnan(found)
    else: assert found == pytest.approx(np.mean([(a > b) + (a == b)/2 for a in there for b in absent]))


_yaml = st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(),
                               st.text(max_size=8)), lambda inner: st.lists(inner, max_size=3), max_leaves=4)


@often
@given(st.data())
def test_a_recipe_is_taken_or_refused_with_a_sentence(data):
    from airl.recipe import Recipe, recipe_from, recipe_from_yaml, recipe_to_yaml
    values = asdict(Recipe.preset('smoke'))
    for name in data.draw(st.lists(st.sampled_from(sorted(values)), max_size=3)):
        values[name] = data.draw(st.one_of(_yaml, st.just(values[name])))
    try: recipe = recipe_from(values)
    except UserError as error:
        assert len(str(error).splitlines()) == 1
        return
    assert recipe_from_yaml(recipe_to_yaml(recipe)) == recipe


@often
@given(st.text(max_size=60))
def test_any_text_for_a_recipe(text):
    from airl.recipe import read_yaml
    try: read_yaml(text)
    except UserError as error: assert len(str(error).splitlines()) == 1


_words = st.lists(st.one_of(st.sampled_from('a the cat dog cup not no and or but without , . ; ( ) " \' - red small of '
                                            'in all except only & /'.split()), st.text(max_size=5)),
                  max_size=12).map(' '.join)


@settings(often, max_examples=300)
@given(st.one_of(_words, st.text(max_size=60), st.lists(_words, max_size=3)))
def test_the_parser_answers_or_says_why_not(text):
    from airl.prompts import parse_prompt
    try: query = parse_prompt(text)
    except UserError as error:
        assert str(error) and len(str(error).splitlines()) == 1
        return
    assert query.texts
    assert all(t == t.strip() and t and not any(unicodedata.category(c) in ('Cc', 'Cs') for c in t)
               for t in query.texts)
    assert parse_prompt(list(query.texts)).texts == query.texts


@seldom
@given(st.lists(st.text(st.characters(codec='utf-8', exclude_characters='\0'), min_size=1, max_size=20),
                min_size=1, max_size=3, unique=True), st.integers(1, 4),
       st.sampled_from(['coco', 'yolo', 'labelme', 'voc', 'masks']))
def test_exports_hold_what_the_manifest_does(tmp_path_factory, phrases, objects, form):
    import planted
    from airl.exports import export_dataset
    phrases = [p for p in dict.fromkeys(' '.join(p.split()) for p in phrases) if p.isprintable() and p.strip()]
    assume(phrases)
    out = planted.plant(tmp_path_factory.mktemp('planted')/'out', ['a.png', 'b/a.png', 'A.png'], phrases, objects)
    made, n = export_dataset(out, form), 3*objects*len(phrases)
    if form == 'coco':
        assert sum(len(json.loads((made/f'{s}.json').read_text('utf-8'))['annotations'])
                   for s in ('train', 'val') if (made/f'{s}.json').exists()) == n
    if form == 'yolo': assert sum(len(p.read_text().splitlines()) for p in (made/'labels').rglob('*.txt')) == n
    if form == 'labelme':
        assert len({(p.name, s['group_id']) for p in made.glob('*.json')
                    for s in json.loads(p.read_text('utf-8'))['shapes']}) == n
    if form == 'masks': assert len(list(made.rglob('*.png'))) == n
    if form == 'voc': assert len(list((made/'SegmentationClass').glob('*.png'))) == 3


@seldom
@given(st.binary(max_size=200))
def test_any_bytes_for_a_photo(data):
    from airl.photos import load_photo
    for source in (data, io.BytesIO(data), b'\x89PNG\r\n\x1a\n' + data, b'\xff\xd8\xff\xe0' + data,
                   b'GIF89a' + data, b'II*\0' + data):
        try: image = load_photo(source)
        except UserError as error: assert len(str(error).splitlines()) == 1
        else: assert image.dtype == np.uint8 and image.ndim == 3
