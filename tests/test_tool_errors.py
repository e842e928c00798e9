"""Every tool ends with one line where something given is wrong."""

import pytest

from tests.conftest import ROOT

PHASE1 = ROOT / "configs" / "lpt" / "phase1_digits_lt.py"
PHASE2 = ROOT / "configs" / "lpt" / "phase2_digits_lt.py"
NO_METRIC = f"""
_base_ = {str(ROOT / "configs" / "baselines" / "knn_digits_lt.py")!r}
test_evaluator = dict(_delete_=True, type="Accuracy")
"""
CASES = {
    ("train.py", "gone.py"): "there is no config 'gone.py'",
    ("train.py", "no_metric.py"): "trains nothing: give it to tools/test.py",
    ("train.py", PHASE1, "--phase1", "x.pth"): "--phase1 is for phase-2 configs",
    ("train.py", PHASE2): "phase 2 starts from phase 1, but",
    ("train.py", PHASE1, "--resume", "x.pth"): "there is no checkpoint 'x.pth'",
    (
        "train.py",
        PHASE1,
        "--cfg-options",
        "optim_wraper.x=1",
    ): "did you mean 'optim_wrapper'?",
    ("train.py", PHASE1, "--cfg-options", "train_dataloader.batch_size=999"): (
        "no full batch"
    ),
    ("predict.py", "x.safetensors", "y", "--out", "z.csv"): "no weight file",
    ("predict.py", "x.safetensors", "--out", "z.csv"): "name the images",
    ("predict.py", "x", "y", "--out", "z.csv", "--prior", "2"): "got 2.0",
    ("predict.py", "x", "y", "--out", "z.csv", "--prior", ""): "No such file",
    ("add_class.py", "x", "y", "--out", "z.pth"): "call 'z.pth' NAME.safetensors",
    ("demo.py", "x.safetensors", "--port", 0): "no weight file",
    ("demo.py", "x", "--port", "99999"): "choose another with --port",
    ("demo.py", "x", "--port", 0, "--review", "y"): "need each other",
    (
        *("demo.py", "x", "--port", 0),
        *("--review", "y", "--decisions", PHASE1),
    ): "exists and is not overwritten",
    ("test.py", PHASE1): "name the checkpoint to test",
    ("test.py", PHASE1, "x.pth"): "there is no checkpoint 'x.pth'",
    ("test.py", PHASE1, "x.pth", "--out", "there/x.py"): "there is no checkpoint",
    ("test.py", "no_metric.py"): "test_evaluator has no LongTailMetric",
    ("analysis_tools/benchmark.py", "gone.py"): "there is no config 'gone.py'",
    ("analysis_tools/benchmark_tasks.py", "gone.py"): "no config 'gone.py'",
    ("analysis_tools/check_dataset.py", "gone.py"): "there is no config 'gone.py'",
    ("analysis_tools/compare.py", "gone.json"): "gone.json",
    ("analysis_tools/compare.py", PHASE1): "is no file of tools/test.py --out",
    ("analysis_tools/cost.py", "gone.py"): "there is no config 'gone.py'",
    ("analysis_tools/features.py", "gone.py", "x.pth"): "there is no config",
    ("analysis_tools/matching.py", PHASE1, "x.pth"): "give a phase-2 config",
    ("analysis_tools/report.py", PHASE2, "x.pth", "--out", "y"): "no checkpoint 'x",
    ("analysis_tools/report.py", "no_metric.py", "--out", "y"): "no LongTailMetric",
    ("analysis_tools/sweep.py", "gone.py"): "there is no sweep file 'gone.py'",
    ("analysis_tools/sweep.py", PHASE1): "unknown",
    ("analysis_tools/draw_sweep.py", "gone.py", "--rows", "a"): "no sweep file",
    (
        *("dataset_converters/new_dataset.py", "gone", "--name", "a"),
        *("--configs", ROOT / "configs"),
    ): "gone",
    ("dataset_converters/cifar10_jpeg.py", "gone"): "has 0 class folders",
    ("dataset_converters/prepare.py", "places_lt"): "not in place",
    ("dataset_converters/take_labels.py", PHASE1, "x.csv"): "the train set of",
    ("inference/audit.py", "x.safetensors", "y", "--out", "z.csv"): "no weight file",
    ("inference/calibrate.py", "x.safetensors", "y", "--out", "z"): "call 'z' NAME.saf",
    ("inference/answer_sets.py", "x.safetensors", "y", "--coverage", "0.9"): "no w",
    ("inference/back_off.py", "x.safetensors", "y", "z.csv"): "no weight file",
    ("inference/review.py", "x.safetensors", "y", "--out", "z.csv"): "no weight file",
    ("inference/review.py", "x", "y", "--out", "z.csv", "--order", "alike"): "needs -",
    ("inference/trade_off.py", "x.safetensors", "y"): "no weight file",
    ("inference/embed.py", "x.safetensors", "y", "--out", "z"): "there is no image",
    ("inference/embed.py", PHASE1, "x.pth", "--out", "z"): "or a --split, and not both",
    ("model_converters/describe_weights.py", "x.pth"): "no weight file 'x.pth'",
    ("model_converters/export.py", "x.pth", "--to", "onnx", "--out", "a"): "x.pth",
    ("model_converters/lpt_to_mm.py", "x.pth", "y.pth"): "no weight file 'x.pth'",
    ("model_converters/mm_to_lpt.py", "x.pth", "y.pth"): "no weight file 'x.pth'",
    ("model_converters/model_card.py", "x.pth", "--out", "a.md"): "no weight file",
    ("model_converters/publish_backbone.py", "x", "y"): "no weight file 'x'",
    ("model_converters/publish_model.py", "x", "y"): "call 'y' NAME.safetensors",
    ("model_converters/soup.py", "x", "y", "--out", "z"): "no weight file 'x'",
    (
        *("model_converters/text_classifier.py", "--names", "gone.txt"),
        *("--out", "a.safetensors"),
    ): "gone.txt",
}


@pytest.mark.parametrize(
    ("command", "message"), CASES.items(), ids=[" ".join(map(str, c)) for c in CASES]
)
def test_one_line_says_what_is_wrong(run_here, tmp_path, command, message):
    tool, *arguments = command
    if tool == "demo.py":
        pytest.importorskip("gradio", reason="the extra demo is not installed")
    (tmp_path / "no_metric.py").write_text(NO_METRIC)
    said = run_here(ROOT / "tools" / tool, *arguments, fails=True)
    *_, error = said.partition("error: ")
    assert message in error
    assert "error: " not in error
    assert not list(tmp_path.rglob("*.pth"))


def test_every_tool_has_a_case():
    tools = {path.relative_to(ROOT / "tools") for path in ROOT.glob("tools/**/*.py")}
    assert {str(t) for t in tools} - {c[0] for c in CASES} == {"check_env.py"}
