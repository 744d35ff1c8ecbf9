"""How much memory does each engine take: computed from its real architecture, and measured with random weights?

Computed: the bytes of all parameters and buffers, in float32 and in 16 bits, of the architecture that the published
configuration names.
Measured: the same network at random weights, one photo of its own input size (and one phrase, box or text), in a
process of its own;
peak memory of the process above what it held before the network was made; on a GPU the peak of the allocator.
Run: python benchmarks/engine_memory.py [NAME…] [--measure] [--device cuda] [-o rows.jsonl]. A JSON line an engine:
name, parameters, megabytes, measured.
"""
import argparse
import json
import os
import subprocess
import sys

os.environ.setdefault('HF_HUB_OFFLINE', '1')
os.environ.setdefault('TRANSFORMERS_VERBOSITY', 'error')
import torch

from airl.weights import MODELS

SWIN = dict(tiny=dict(embed_dim=96, depths=[2, 2, 6, 2], num_heads=[3, 6, 12, 24],
                      window_size=7, image_size=224, out_indices=[2, 3, 4]),
            base=dict(embed_dim=128, depths=[2, 2, 18, 2], num_heads=[4, 8, 16, 32],
                      window_size=12, image_size=384, out_indices=[2, 3, 4]),
            large=dict(embed_dim=192, depths=[2, 2, 18, 2], num_heads=[6, 12, 24, 48],
                       window_size=12, image_size=384, out_indices=[1, 2, 3, 4]))


def grounding(name):
    "GroundingDINO, MM-Grounding-DINO and LLMDet: the text encoder is BERT base."
    import transformers
    size = name.rsplit('-', 1)[1]
    mm = not name.startswith('grounding-dino')
    kind = transformers.MMGroundingDinoConfig if mm else transformers.GroundingDinoConfig
    net = transformers.MMGroundingDinoForObjectDetection if mm else transformers.GroundingDinoForObjectDetection
    levels = dict(num_feature_levels=5) if size == 'large' else {}
    config = kind(backbone_config=transformers.SwinConfig(**SWIN[size]).to_dict(),
                  text_config=transformers.BertConfig().to_dict(), disable_custom_kernels=True, **levels)
    return net(config)


def owlv2(name):
    "OWLv2 as its two configurations on the hub: base, 960 pixels in patches of 16; large, 1,008 in patches of 14."
    import transformers
    text, vision = dict(vocab_size=49408), dict(image_size=960, patch_size=16)
    if name.endswith('large'):
        text = dict(hidden_size=768, intermediate_size=3072, num_attention_heads=12)
        vision = dict(hidden_size=1024, intermediate_size=4096, num_hidden_layers=24,
                      num_attention_heads=16, image_size=1008, patch_size=14)
    return transformers.Owlv2ForObjectDetection(transformers.Owlv2Config(
        text_config=text, vision_config=vision, projection_dim=768 if name.endswith('large') else 512))


def omdet(name):
    import transformers
    return transformers.OmDetTurboForObjectDetection(
        transformers.OmDetTurboConfig(text_config=transformers.CLIPTextConfig().to_dict(), disable_custom_kernels=True))


def sam_hq(name):
    import transformers
    sizes = dict(base=(768, 12, 12, [2, 5, 8, 11]), large=(1024, 24, 16, [5, 11, 17, 23]),
                 huge=(1280, 32, 16, [7, 15, 23, 31]))
    width, layers, heads, whole = sizes[name.rsplit('-', 1)[1]]
    vision = dict(hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
                  global_attn_indexes=whole, mlp_dim=4*width)
    return transformers.SamHQModel(transformers.SamHQConfig(vision_config=vision,
                                                            mask_decoder_config=dict(vit_dim=width)))


def clip(name):
    import open_clip
    plan = (MODELS[name].plan or name).split('/')[0]
    return open_clip.create_model(plan, pretrained=None, device=torch.get_default_device())


def sam2(name):
    from sam2 import build_sam
    return build_sam.build_sam2(build_sam.HF_MODEL_ID_TO_FILENAMES[MODELS[name].repo][0],
                                None, str(torch.get_default_device()))


def edgetam(name):
    "The image half, over timm's RepViT-M1."
    import transformers
    repvit = dict(model_type='timm_wrapper', architecture='repvit_m1', do_pooling=False, num_classes=2,
                  model_args=dict(in_chans=3, features_only=True, out_indices=[0, 1, 2, 3]))
    return transformers.EdgeTamModel(
        transformers.EdgeTamConfig(vision_config=dict(model_type='edgetam_vision_model', backbone_config=repvit)))


def sam3(name):
    import transformers
    return (transformers.Sam3LiteTextModel(transformers.Sam3LiteTextConfig()) if 'litetext' in name
            else transformers.Sam3Model(transformers.Sam3Config()))


def builder(name):
    """What makes the network of a row; None for lite, which is measured with its own weights, and for what cannot run
    yet."""
    spec = MODELS[name]
    if spec.kind == 'airl' or spec.waits: return None
    if spec.kind == 'open_clip': return clip
    if spec.kind == 'sam2': return sam2
    if name == 'edgetam': return edgetam
    if name.startswith('sam3'): return sam3
    for part, build in (('omdet', omdet), ('owlv2', owlv2), ('sam-hq', sam_hq), ('dino', grounding),
                        ('llmdet', grounding)):
        if spec.kind == 'transformers' and part in name: return build


def question(name, net):
    "A forward pass over one photo of the network's own input size."
    spec, config = MODELS[name], getattr(net, 'config', None)
    if spec.kind == 'open_clip':
        side, length = net.visual.image_size, net.context_length
        return lambda: (net.encode_image(torch.rand(1, 3, *(side if isinstance(side, tuple) else (side, side)))),
                        net.encode_text(torch.ones(1, length, dtype=torch.long)))
    if name.startswith('sam-hq'):
        return lambda: net(pixel_values=torch.rand(1, 3, 1024, 1024),
                           input_boxes=torch.tensor([[[100., 100, 700, 700]]]))
    if name.startswith('omdet'):
        ids, seen = torch.randint(1, 1000, (1, 77)), torch.ones(1, 77, dtype=torch.long)
        return lambda: net(torch.rand(1, 3, 640, 640), ids, seen, ids, seen, torch.tensor([1]))
    if spec.kind == 'sam2':
        def ask():
            features = net._prepare_backbone_features(net.forward_image(torch.rand(1, 3, 1024, 1024)))[1]
            levels = [f.permute(1, 2, 0).reshape(1, -1, side, side) for f, side in zip(features, (256, 128, 64))]
            sparse, dense = net.sam_prompt_encoder(points=(torch.tensor([[[100., 100], [700, 700]]]),
                                                           torch.tensor([[2, 3]])), boxes=None, masks=None)
            net.sam_mask_decoder(image_embeddings=levels[-1], image_pe=net.sam_prompt_encoder.get_dense_pe(),
                                 sparse_prompt_embeddings=sparse,
                                 dense_prompt_embeddings=dense, multimask_output=True,
                                 repeat_image=False, high_res_features=levels[:-1])
        return ask
    if name == 'edgetam':
        return lambda: net(pixel_values=torch.rand(1, 3, 1024, 1024),
                           input_boxes=torch.tensor([[[100., 100, 700, 700]]]))
    if name.startswith('sam3'):
        return lambda: net(pixel_values=torch.rand(1, 3, 1008, 1008), input_ids=torch.randint(1, 1000, (1, 16)),
                           attention_mask=torch.ones(1, 16, dtype=torch.long))
    if name.startswith('owlv2'):
        side = config.vision_config.image_size
        return lambda: net(pixel_values=torch.rand(1, 3, side, side), input_ids=torch.randint(1, 1000, (1, 16)),
                           attention_mask=torch.ones(1, 16, dtype=torch.long))
    ids = torch.tensor([[101, 1037, 4937, 1012, 102]])
    return lambda: net(pixel_values=torch.rand(1, 3, 800, 1200), pixel_mask=torch.ones(1, 800, 1200, dtype=torch.long),
                       input_ids=ids,
                       token_type_ids=torch.zeros_like(ids), attention_mask=torch.ones_like(ids))


def computed(name):
    "Parameters, and the megabytes of all tensors in float32."
    with torch.device('cpu' if MODELS[name].kind == 'sam2' else 'meta'): net = builder(name)(name)
    n = sum(p.numel() for p in net.parameters())
    return n, round(4*(n + sum(b.numel() for b in net.buffers()))/1e6)


def measured(name, device='cpu'):
    "Megabytes at most, beyond what the process held before the network was made."
    from airl.devices import without_init
    def peak():    # of this process alone: getrusage would begin at what its parent held
        with open('/proc/self/status') as file:
            return next(int(line.split()[1]) for line in file if line.startswith('VmHWM'))/1e3
    torch.set_flush_denormal(True)           # random weights make numbers so small that a processor is slow with them
    before = peak()
    with without_init(): net = builder(name)(name).eval()
    with torch.no_grad():
        for p in net.parameters(): p.uniform_(-.02, .02)
    with torch.inference_mode():
        if device != 'cpu':
            net.to(device), torch.set_default_device(device), torch.cuda.reset_peak_memory_stats()
            question(name, net)()
            return round(torch.cuda.max_memory_allocated()/1e6)
        question(name, net)()
    return round(peak() - before)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('names', nargs='*', help='rows of airl.weights.MODELS; all that this file can build if none')
    parser.add_argument('--measure', action='store_true')
    parser.add_argument('--device', default='cpu')
    parser.add_argument('-o', '--output')
    options = parser.parse_args()
    for name in options.names or [n for n in MODELS if builder(n)]:
        n, megabytes = computed(name)
        row = dict(name=name, parameters=n, computed=megabytes)
        if options.measure:
            code = ('import sys; sys.path.insert(0, "benchmarks"); from engine_memory import measured; '
                    f'print(measured({name!r}, {options.device!r}))')
            done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
            row |= (dict(measured=int(done.stdout.split()[-1])) if done.returncode == 0
                    else dict(fault=done.stderr.strip().splitlines()[-1]))
        print(json.dumps(row), flush=True)
        if options.output:
            with open(options.output, 'a') as file: file.write(json.dumps(row) + '\n')


if __name__ == '__main__': main()
