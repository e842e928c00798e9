"""Checkpoints that are made to do harm, out of good ones."""

import copy
import io
import json
from collections import OrderedDict
from collections.abc import Callable
from math import prod
from pathlib import Path

import numpy as np
import torch
from hostile_packs import PLAUSIBLE_PACKS
from hostile_values import (
    NUMBERS,
    make_container,
    make_identity,
    make_tensor,
    make_texts,
)
from safetensors.torch import save
from torch import Tensor
from watch import MARK

from lpt_mm.weights.model_file import DIGEST, META, digest_tensors, read_model

MOST_VALUES = 10**6
LARGEST = 10**8  # bytes; what is larger takes long because it is, in each tool


class Attacker:
    """Makes hostile files.

    Args:
        outside: Folder that the texts in them point to.
        rng: What all is drawn from.
    """

    def __init__(self, outside: Path, rng: np.random.Generator) -> None:
        self.texts = make_texts(outside)
        self.rng = rng

    def attack(self, original: Path) -> bytes:
        """Make a hostile file that torch or safetensors loads.

        Args:
            original: A good file.

        Returns:
            Its content, changed in one place or in several.
        """
        make = self._safetensors if original.suffix == ".safetensors" else self._torch
        while True:
            try:
                return make(original)
            # What cannot be made, saved or loaded is no attack.
            except Exception:
                continue

    def _torch(self, original: Path) -> bytes:
        content = torch.load(original, weights_only=True)
        if self.rng.random() < 0.25:
            plausible = PLAUSIBLE[self.rng.integers(len(PLAUSIBLE))]
            plausible(content, self._text())
        else:
            for _ in range(self.rng.choice([1, 1, 1, 2, 4])):
                self._change_somewhere(content)
        if self.rng.random() < 0.02:
            content = self._value(content)
        torch.save(content, buffer := io.BytesIO())
        if buffer.tell() > LARGEST:
            raise ValueError("large")
        buffer.seek(0)
        torch.load(buffer, weights_only=True)
        return buffer.getvalue()

    def _safetensors(self, original: Path) -> bytes:
        """Change tensors, or facts; with a checksum that fits."""
        tensors, facts = read_model(original)
        if self.rng.random() < 0.3:
            plausible = PLAUSIBLE_PACKS[self.rng.integers(len(PLAUSIBLE_PACKS))]
            plausible(facts, self._text())
        else:
            self._change_somewhere(tensors if self.rng.random() < 0.3 else facts)
        texts = [json.dumps(facts, default=str), "[" * 100_000, "[]", "7", self._text()]
        text = texts[self.rng.choice(len(texts), p=[0.8, 0.05, 0.05, 0.05, 0.05])]
        if any(prod(tensor.shape) > MOST_VALUES for tensor in tensors.values()):
            raise ValueError("safetensors writes each value")
        tensors = {str(k): v.contiguous() for k, v in tensors.items()}
        digest = digest_tensors(tensors, text)
        metadata = {"format": "pt", META: text, DIGEST: digest, self._text(): "x"}
        return save(tensors, metadata)

    def _text(self) -> str:
        return self.texts[self.rng.integers(len(self.texts))]

    def _change_somewhere(self, content: dict) -> None:
        """Go down at random, and change what is there."""
        owner, key = content, self._key(content)
        while isinstance(owner[key], dict | list) and self.rng.random() < 0.8:
            if not owner[key]:
                break
            owner = owner[key]
            key = self._key(owner)
        value = owner[key]
        action = self.rng.integers(10)
        if action == 0:
            del owner[key]
        elif action == 1 and isinstance(owner, dict):
            owner[self._name(key)] = owner.pop(key)
        elif action == 2 and isinstance(owner, dict):
            owner[self._name(key)] = self._value(value)
        elif action == 3 and isinstance(owner, list):
            owner *= 1000
        else:
            owner[key] = self._value(value)

    def _key(self, owner: dict | list) -> object:
        keys = list(owner) if isinstance(owner, dict) else range(len(owner))
        return keys[self.rng.integers(len(keys))]

    def _name(self, name: object) -> object:
        text, number = self._text(), NUMBERS[self.rng.integers(len(NUMBERS))]
        names = [text, text, f"{name}{text}", f"{name}.", number, (text, number)]
        return names[self.rng.integers(len(names))]

    def _value(self, value: object) -> object:
        """Replace a value, mostly with one of its kind."""
        rng, kind = self.rng, self.rng.random()
        if isinstance(value, Tensor) and kind < 0.8:
            if value.dtype == torch.uint8 and kind < 0.7:
                return make_identity(rng, value, self.texts)
            return make_tensor(rng, value)
        if isinstance(value, int | float) and kind < 0.7:
            return NUMBERS[rng.integers(len(NUMBERS))]
        if isinstance(value, str) and kind < 0.7:
            return [self._text(), value + self._text()][rng.integers(2)]
        others = [
            self._text(),
            NUMBERS[rng.integers(len(NUMBERS))],
            make_container(rng, self.texts),
            make_tensor(rng, torch.ones(3, 2)),
        ]
        return others[rng.integers(len(others))]


def _hub(content: dict) -> dict:
    return content["message_hub"]["runtime_info"]


def _set_best(content: dict, text: str) -> None:
    keys = "best_ckpt", "best_ckpt_long_tail/overall", "last_ckpt"
    best = dict.fromkeys(keys, text)
    _hub(content).update(best, best_score=-1.0)
    content["message_hub"]["resumed_keys"].update(dict.fromkeys(best, True))


def _set_place(content: dict, epoch: int, done: int, steps: int) -> None:
    content["meta"].update(epoch=epoch, iter=2 * epoch + done)
    content["meta"].setdefault("run", {})["steps_per_epoch"] = 2
    _hub(content)["begun_epoch"] = [epoch, 2 * epoch, steps]


def _set_history(content: dict, length: int) -> None:
    scalars = content["message_hub"]["log_scalars"]
    history = next(iter(scalars.values()))
    history["max_length"] = length
    history["history_counts"] = torch.zeros(3)
    history["history_values"] = torch.full((3,), torch.nan)


def _set_text_everywhere(content: dict, text: str) -> None:
    """Every text is the hostile one, but for names."""

    def replaced(value: object) -> object:
        if isinstance(value, dict):
            return {k: replaced(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(replaced, value))
        return text if isinstance(value, str) else value

    content["meta"] = replaced(content["meta"])
    content["message_hub"] = replaced(content["message_hub"])


def _set_number_of_steps(content: dict, text: str) -> None:
    state = content["optimizer"]["state"]
    for entry in state.values():
        entry["momentum_buffer"] = entry["momentum_buffer"].double() * 1e300
    state[text] = copy.copy(next(iter(state.values())))


def _share_storage(content: dict, _: str) -> None:
    """All of a shape are one tensor."""
    first: dict[torch.Size, Tensor] = {}
    state = content["state_dict"]
    for name, tensor in state.items():
        state[name] = first.setdefault(tensor.shape, tensor)
    for entry in content["optimizer"]["state"].values():
        for key, value in entry.items():
            entry[key] = first.setdefault(value.shape, value)


def _set_laughs(content: dict, text: str) -> None:
    """A list of a list of a list of the same: small, and without end."""
    value: object = text
    for _ in range(9):
        value = [value] * 1000
    meta = dict(run={"settings": value}, dataset_meta={"x": value}, time=value)
    content["meta"].update(meta, cls_num_list=value)
    _hub(content).update(begun_epoch=value, keep_ckpt_ids=value)


def _set_attributes(content: dict, text: str) -> None:
    """Attributes of dicts are saved, too, and mmengine looks for some."""
    state = OrderedDict(content["state_dict"])
    state.__dict__.update(_metadata=text, keys=text, items=text)
    content["state_dict"] = state


def _add_tensors(content: dict, text: str) -> None:
    state = content["state_dict"]
    for i in range(3000):
        state[f"backbone.layers.{i}.{text[:99]}"] = torch.zeros(())


# Attacks that are of the right types.
PLAUSIBLE: list[Callable[[dict, str], None]] = [
    _set_best,
    _set_text_everywhere,
    _set_number_of_steps,
    _share_storage,
    _add_tensors,
    _set_attributes,
    _set_laughs,
    lambda content, _: _set_place(content, 1, 2**40, 2**41),
    lambda content, _: _set_place(content, 1, 1, 2),
    lambda content, _: _set_place(content, 0, 1, 2),
    lambda content, _: _set_place(content, 2, -1, 2),
    lambda content, _: _set_history(content, 0),
    lambda content, _: _set_history(content, 2**52),
    lambda content, _: _hub(content).update(keep_ckpt_ids=[1, 2, 3, 4, 5, 2**50]),
    lambda content, text: content["meta"].update(
        config=f"{MARK} = 1\n{text}", cfg=f"{MARK} = 1\n{text}"
    ),
    lambda content, text: content["meta"].update(dataset_meta=dict(classes=text)),
    lambda content, text: content["meta"].update(
        dataset_meta=dict(classes=(text,) * 10), CLASSES=text
    ),
    lambda content, text: content["meta"].update(
        settings={"model.neck.topk": text}, preprocessing={text: text}
    ),
    lambda content, text: content["meta"].update(
        run={"settings": {text: text, "model.type": text}, "max_epochs": text}
    ),
    lambda content, text: content["optimizer"]["param_groups"][0].update(
        lr=text, initial_lr=text, foreach=text, fused=True, differentiable=True
    ),
    lambda content, text: content["param_schedulers"][0].update(
        step=text, _get_value=text, optimizer=text, param_name=text, last_step=-5
    ),
    lambda content, text: content.update(model=content["state_dict"], ema=text),
    lambda content, _: content.pop("state_dict"),
    lambda content, text: content["message_hub"]["log_scalars"].update(
        {text: next(iter(content["message_hub"]["log_scalars"].values()))}
    ),
]
