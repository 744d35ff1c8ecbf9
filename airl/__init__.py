"""Vision Transformers on CIFAR-10 and text-driven segmentation. `nbs/` is the source; public names load on first use."""
from typing import TYPE_CHECKING

__version__ = "0.2.0"

if TYPE_CHECKING:      # for editors and type checkers, which do not run `__getattr__`
    from .files import UserError as UserError
    from .photos import PhotoError as PhotoError, load_photo as load_photo, sample_photo as sample_photo
    from .weights import MissingWeights as MissingWeights
    from .data import ImageSet as ImageSet, load_cifar10 as load_cifar10, load_data as load_data
    from .vit_model import create_vit as create_vit, load_nano as load_nano
    from .recipe import Recipe as Recipe
    from .runs import Run as Run
    from .train import fit as fit
    from .eval_tta import Report as Report, evaluate as evaluate
    from .classify import predict as predict
    from .examples import Examples as Examples
    from .scene import Candidates as Candidates, Detections as Detections, Prompts as Prompts, SegmentationResult as SegmentationResult, Settings as Settings
    from .clip_ensemble import HighAccuracyCLIPScorer as HighAccuracyCLIPScorer
    from .detector import HybridDetector as HybridDetector
    from .mask_eval import ComprehensiveMaskEvaluator as ComprehensiveMaskEvaluator
    from .sam2_pipeline import TextDrivenSegmentationPipeline as TextDrivenSegmentationPipeline, quick_segment as quick_segment, segment_image_from_path as segment_image_from_path
    from .flow_tracker import FlowTracker as FlowTracker
    from .sam2_tracker import SAM2Tracker as SAM2Tracker
    from .video import segment_video as segment_video
    from .batch import segment_folder as segment_folder

_HOMES = {
    'files': 'UserError',
    'photos': 'PhotoError load_photo sample_photo',
    'weights': 'MissingWeights',
    'data': 'ImageSet load_cifar10 load_data',
    'vit_model': 'create_vit load_nano',
    'recipe': 'Recipe',
    'runs': 'Run',
    'train': 'fit',
    'eval_tta': 'Report evaluate',
    'classify': 'predict',
    'examples': 'Examples',
    'scene': 'Candidates Detections Prompts SegmentationResult Settings',
    'clip_ensemble': 'HighAccuracyCLIPScorer',
    'detector': 'HybridDetector',
    'mask_eval': 'ComprehensiveMaskEvaluator',
    'sam2_pipeline': 'TextDrivenSegmentationPipeline quick_segment segment_image_from_path',
    'flow_tracker': 'FlowTracker',
    'sam2_tracker': 'SAM2Tracker',
    'video': 'segment_video',
    'batch': 'segment_folder',
}
_home_of = {name: module for module, names in _HOMES.items() for name in names.split()}
__all__ = list(_home_of)


def __getattr__(name: str):
    "Import the module of a public `name` the first time it is asked for (PEP 562), so that `import airl` stays quick."
    if name not in _home_of: raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from importlib import import_module
    explained = import_module(f'{__name__}.telling').with_parameters
    return globals().setdefault(name, explained(getattr(import_module(f'{__name__}.{_home_of[name]}'), name)))


# Names that have moved to a room above their old one, which cannot import upwards: the package knows where they are.
_MOVED_UP = {'airl.eval_tta': dict.fromkeys(['Prediction', 'one_of_ten', 'predict'], 'classify')}


def moved_up(module: str, name: str):
    "What `module` offered under `name` before it moved up; raises `AttributeError` for anything else."
    from importlib import import_module
    if name not in _MOVED_UP.get(module, {}): raise AttributeError(f'module {module!r} has no attribute {name!r}')
    return getattr(import_module(f'{__name__}.{_MOVED_UP[module][name]}'), name)


def __dir__(): return sorted({*globals(), *__all__})
