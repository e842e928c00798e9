"""What an attacker may write into a checkpoint, which torch loads all the same."""

import json
from collections import Counter, OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from watch import MARK

Pick = np.random.Generator


def make_texts(outside: Path) -> list[str]:
    """Texts that are code, places, templates, or trouble to print."""
    victim, trap = outside / f"{MARK}.pth", outside / f"{MARK}.trap"
    code = f"__import__('os').mkdir({str(trap)!r})"
    climb = "../" * 12 + str(victim)[1:]
    return [
        code,
        f"x = {code}",
        f"import os; os.mkdir({str(trap)!r})",
        f"{{{{ {code} }}}}",
        f"$(touch {trap})",
        f"; touch {trap} #",
        str(victim),
        climb,
        f"best_/{climb}",
        f"file://{victim}",
        f"http://127.0.0.1:9/{MARK}.pth",
        f"https://{MARK}.invalid/vit.safetensors",
        f"timm:vit_tiny_patch16_224.{MARK}",
        "timm:vit_tiny_patch16_224.augreg_in21k",
        f"timm:hf-hub:{MARK}/vit",
        f"timm:local-dir:{outside}",
        f"lpt_mm:{climb.removesuffix('.pth')}",
        f"lpt_mm:{str(victim).removesuffix('.pth')}",
        f"torchvision://{MARK}",
        f"openmmlab://{MARK}",
        f"modelzoo://{MARK}",
        f"s3://{MARK}/x.pth",
        "last_checkpoint",
        "{0.__class__.__mro__}" + MARK,
        "{" + MARK + "}",
        "%s%n%(" + MARK + ")d",
        "{{_base_.model}}" + MARK,
        "${HOME}/" + MARK,
        f"\x1b]0;{MARK}\x07\x1b[2J",
        f"\r\nINFO - {MARK} all is well\n",
        f"{MARK}\0.pth",
        MARK,
        f"{MARK}.{MARK}",
        f"\ud800{MARK}",
        f"\u202e{MARK}\u2066",
        f"[/bold][link=file://{victim}]{MARK}[/link",
        f"[/{MARK}]",
        "$\\input{" + str(victim) + "}$",
        MARK * 50_000,
        "",
        "nan",
        "__class__",
    ]


NUMBERS = [
    *(-1, 0, 1, 2, 3, 2**31, 2**32, 2**53, 2**63, 2**64, -(2**63), 10**600),
    *(0.5, -0.0, 1e308, 5e-324, float("nan"), float("inf"), -float("inf")),
    *(True, False, None, 1 + 2j),
]


def make_container(rng: Pick, texts: list[str]) -> object:
    """Lists and dicts of the wrong kind, of themselves, or too deep."""
    text, number = texts[rng.integers(len(texts))], NUMBERS[rng.integers(len(NUMBERS))]
    circle, ring, deep = [text], {text: number}, [text]
    circle.append(circle)
    ring[MARK] = ring
    for _ in range(int(rng.choice([9, 50, 200]))):
        deep = [deep] if rng.random() < 0.5 else {text: deep}
    choices = [
        *([], {}, (), [text], (text,), [number] * 3, {text: number}, {number: text}),
        *([number] * 100_000, {None: text}, {(text, number): 1}, OrderedDict(a=text)),
        *(Counter([text]), torch.Size([1, 2]), torch.float16, torch.device("cpu")),
        *(circle, ring, deep, {text: torch.ones(2)}, [torch.ones(2)] * 2),
        dict.fromkeys(range(5000), text),
    ]
    return choices[rng.integers(len(choices))]


def make_tensor(rng: Pick, like: Tensor) -> Tensor:
    """Tensors of another kind, most of the same shape."""
    base = like.detach().float() if not like.is_complex() else like.detach()
    makers: list[Callable[[], Tensor]] = [
        lambda: torch.full_like(base, float("nan")),
        lambda: base.index_fill(0, torch.tensor([0]), float("inf")),
        lambda: base * 1e38,
        lambda: base[None],
        lambda: base.flatten(),
        lambda: base[..., :0],
        lambda: torch.tensor(1.0),
        lambda: torch.empty(0),
        lambda: torch.zeros(1).expand(2**20, 2**20),
        lambda: torch.zeros(1).expand(2**62),
        lambda: torch.zeros(1).expand(base.shape),
        lambda: torch.zeros(1).as_strided(base.shape, [0] * base.ndim),
        lambda: torch.zeros(1).expand(2**31, *base.shape[1:]),
        lambda: torch.empty((0, 2**40)),
        lambda: base.mT if base.ndim > 1 else base.flip(0),
        lambda: base.to_sparse(),
        lambda: base.flatten(1).to_sparse_csr(),
        lambda: torch.empty(base.shape, device="meta"),
        lambda: torch.quantize_per_tensor(base, 0.1, 0, torch.qint8),
        lambda: base.to(torch.complex64),
        lambda: torch.view_as_complex(torch.ones(2, 2)).conj(),
        lambda: torch.nn.Parameter(base),
        lambda: _with_attribute(torch.nn.Parameter(base)),
        lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
    ]
    kinds = (torch.bool, torch.int8, torch.int64, torch.float64, torch.float16)
    kinds += (torch.bfloat16, torch.float8_e4m3fn, torch.uint16, torch.uint64)
    makers += [lambda kind=kind: base.to(kind) for kind in kinds]
    return makers[rng.integers(len(makers))]()


def _with_attribute(tensor: Tensor) -> Tensor:
    tensor.data_ptr = MARK  # hides the method
    return tensor


def make_identity(rng: Pick, like: Tensor, texts: list[str]) -> Tensor:
    """Bytes of ``backbone.identity`` that say something else."""
    text = json.dumps(texts[rng.integers(len(texts))])
    identity = json.loads(bytes(like.tolist()))
    name = list(identity)[rng.integers(len(identity))]
    number = NUMBERS[rng.integers(len(NUMBERS) - 1)]  # JSON has no complex ones
    choices = [
        json.dumps(identity | {"source": json.loads(text)}),
        json.dumps(identity | {name: json.loads(text)}),
        json.dumps(identity | {name: number}),
        json.dumps(identity | {name: [text], MARK: {text: text}}),
        json.dumps({}),
        "[" * 5000,
        "[" * 100_000 + "]" * 100_000,
        '{"source":' * 2000 + "1" + "}" * 2000,
        text,
        "9" * 5000,
        '{"num_heads": ' + "9" * 4000 + "}",
        '{"layer_norm_eps": 1e999, "fingerprint": NaN}',
        "\ufeff{}",
    ]
    return torch.tensor(
        list(choices[rng.integers(len(choices))].encode()), dtype=torch.uint8
    )
