"""What a training shows in TensorBoard, switched on as the guide says."""

from tests.conftest import ROOT

PHASE2 = ROOT / "configs" / "lpt" / "phase2_digits_lt.py"
OPTION = "visualizer.vis_backends.0.type=TensorboardVisBackend"


def test_rates_losses_and_matching_are_shown(run_here, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    page = ROOT / "docs" / "guide" / "looking_closer.md"
    assert OPTION in page.read_text(encoding="utf-8")
    options = (
        "phase1_work_dir=None",
        "model.backbone.frozen_prompts=False",
        "train_cfg.max_epochs=2",
        OPTION,
    )
    run_here(ROOT / "tools" / "train.py", PHASE2, "--cfg-options", *options)
    events = next(tmp_path.glob("work_dirs/phase2_digits_lt/*/vis_data/events.*"))
    shown = EventAccumulator(str(events))
    shown.Reload()
    tags = set(shown.Tags()["scalars"])
    assert {"lr", "beta", "loss_class_balanced", "loss_instance_balanced"} <= tags
    assert {"loss_key", "matching_entropy", "dead_groups", "co_choice_rank"} <= tags
    assert {"key_similarity", "long_tail/few"} <= tags
    assert [event.value for event in shown.Scalars("beta")] == [0.5, 0.25]
