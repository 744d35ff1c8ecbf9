"A finished batch without engines: photos and objects of which every pixel is known, as the manifest has them."
import io
from pathlib import Path

import numpy as np


def picture(side=(48, 64), seed=0) -> bytes:
    "A PNG of noise."
    from PIL import Image
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*side, 3),
                                                         np.uint8)).save(file := io.BytesIO(), 'PNG')
    return file.getvalue()


def blob(side, centre, radius) -> np.ndarray:
    "A disc, as a mask."
    y, x = np.ogrid[:side[0], :side[1]]
    return (y - centre[0])**2 + (x - centre[1])**2 <= radius**2


def plant(out: Path,
          names: list[str],              # of the photos, as an archive or a table might give them
          phrases: tuple = ('a cat',),
          objects: int = 1,              # per photo and phrase
          side=(48, 64)) -> Path:
    "Write `out/manifest.parquet` about photos that lie in a zip beside `out`."
    import zipfile

    import pyarrow as pa
    from airl.manifest import SCHEMA, Opened, content_hash, new_row, write_part
    from airl.regions import encode_rle
    from airl.sources import Job
    source, rng, rows = out.parent/f'{out.name}.zip', np.random.default_rng(0), []
    out.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(source, 'w') as archive:
        for k, name in enumerate(names):
            data = picture(side, k)
            archive.writestr(name, data)
            opened = Opened(Job(zipfile.ZipInfo(name).filename, str(source), zipfile.ZipInfo(name).filename,
                                tuple(phrases)), content_hash(data), f'{k:032x}')
            for phrase in phrases:
                for n in range(objects):
                    mask = blob(side, rng.uniform(8, np.array(side) - 8), rng.uniform(3, 8))
                    y, x = np.nonzero(mask)
                    rows.append(new_row(opened, prompt=phrase, presence=.9, height=side[0],
                                        width=side[1], preset='planted', engines='{}', seconds=0., seen='',
                                        instance=n, score=.9, text=.9, compactness=.9,
                                        size=.9, smoothness=.9, detection_score=.9, predicted_iou=.9, posterior=.9,
                                        box=[float(v) for v in (x.min(), y.min(), x.max() + 1, y.max() + 1)],
                                        area=int(mask.sum()), rle=encode_rle(mask)['counts']))
    write_part(out/'manifest.parquet', pa.Table.from_pylist(rows, schema=SCHEMA))
    return out
