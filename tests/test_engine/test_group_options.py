"""Two steps of training with each way to choose groups, and what is left of them."""

import pytest
import torch

from tests.test_engine.short_runs import make_runner, read

SIXTEEN = {"train_dataloader.batch_size": 16, "auto_scale_lr.base_batch_size": 16}
OPTIONS = {
    "residual": {"matching": "residual"},
    "soft": {"matching": "soft", "temperature": 0.2},
    "noise": {"choice_noise": 0.3},
    "separation": {"key_separation": 2.0},
    "frozen": {"frozen_keys": True},
    "residual, noise and separation": {
        "matching": "residual",
        "choice_noise": 0.3,
        "key_separation": 2.0,
    },
}
STARTS = {
    "random": {},
    "k-means, centred": {"key_init": "kmeans", "center": True},
    "single pass": {"query": "layer_k"},
}
KEYS, PROMPTS = "neck.prompt_keys", "neck.group_prompts"


def train(folder, **neck):
    changes = {"phase1_work_dir": None, "model.backbone.frozen_prompts": False}
    changes |= {"default_hooks.head_init.cache_dir": None, **SIXTEEN}
    changes |= {f"model.neck.{name}": value for name, value in neck.items()}
    runner, record = make_runner(folder, config="phase2", epochs=1, **changes)
    states = []

    def note(runner, **_):
        state = runner.model.state_dict()
        states.append({name: state[name].clone() for name in (KEYS, PROMPTS)})

    record.before_train_iter = note
    runner.train()
    return [*states, read(folder / "epoch_1.pth")["state_dict"]], record


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("option", OPTIONS)
def test_two_steps(tmp_path, option, start):
    states, record = train(tmp_path, **OPTIONS[option], **STARTS[start])
    assert len(states) == 3
    assert not torch.equal(states[0][PROMPTS], states[-1][PROMPTS])
    is_frozen = option == "frozen"
    assert torch.equal(states[0][KEYS], states[-1][KEYS]) == is_frozen
    losses = record.steps[0][3]
    assert ("loss_separation" in losses) == ("separation" in option)
    total = sum(value for name, value in losses.items() if name != "loss")
    assert losses["loss"] == pytest.approx(total, abs=1e-5)
