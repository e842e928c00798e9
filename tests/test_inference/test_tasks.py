"""Many tasks on one backbone: each says what it says alone."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS
from PIL import Image

import lpt_mm
from lpt_mm.inference import Predictor, Tasks
from lpt_mm.inference.task_cost import measure_tasks, tensor_bytes
from lpt_mm.models.backbones import PromptedViT
from lpt_mm.models.heads.feature_bank_head import FeatureBankHead
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.identity import leave_out_backbone
from lpt_mm.weights.pack import Pack
from lpt_mm.weights.weights import Weights
from tests.conftest import ROOT
from tests.programs import FORKS
from tests.test_inference.conftest import digits_config, set_means

ARCH = dict(embed_dims=32, num_layers=4, num_heads=2, feedforward_channels=48)
NECK = dict(
    type="GroupPromptNeck", pool_size=5, topk=2, prompt_length=2, num_shared_layers=2
)
PIPELINE = [
    dict(type="LoadImage"),
    dict(type="Resize", scale=[20, 18], backend="pillow", interpolation="bilinear"),
    dict(type="CenterCrop", crop_size=16),
    dict(type="PackInputs"),
]
OTHER_PIPELINE = [PIPELINE[0], dict(PIPELINE[1], scale=[16, 16]), PIPELINE[3]]
PREPROCESSOR = dict(
    type="ClsDataPreprocessor", mean=[127.5] * 3, std=[127.5] * 3, to_rgb=True
)
# Three models of one phase 1, others like it, and others of all kinds.
BOTH = ("Adapter", "LoRA")
TASKS = dict(
    birds=dict(neck=NECK),
    trees=dict(neck=NECK, classes=7),
    moths=dict(neck=NECK | dict(num_shared_layers=1)),
    early=dict(neck=NECK | dict(query="layer_k")),
    phase1=dict(),
    other_phase1=dict(prompts=1),
    other_phase2=dict(prompts=1, neck=NECK),
    probe=dict(prompt_mode="none"),
    second_probe=dict(prompt_mode="none", classes=2, classifier="ImageClassifier"),
    k_nn=dict(prompt_mode="none", head="NearestNeighborHead"),
    gda=dict(prompt_mode="none", head="GDAHead"),
    centred=dict(neck=NECK | dict(center=True), head="CosineHead", center=True),
    residual=dict(neck=NECK | dict(matching="residual", query="layer_k")),
    soft=dict(neck=NECK | dict(matching="soft", choice_noise=0.1, center=True)),
    frozen=dict(neck=NECK | dict(frozen_keys=True)),
    lift=dict(prompt_mode="none", tunings=[dict(type="AdaptFormer", bottleneck=2)]),
    tuned=dict(neck=NECK, tunings=[dict(type=x, bottleneck=2) for x in BOTH]),
    shallow=dict(prompt_mode="shallow"),
    two_outputs=dict(out_indices=[1, 3]),
    other_crop=dict(neck=NECK, pipeline=OTHER_PIPELINE),
    other_mean=dict(preprocessor=PREPROCESSOR | dict(mean=[100.0, 120.0, 130.0])),
)


class Packs:
    """A folder of packs of one backbone, in a file."""

    def __init__(self, folder, seed=0, **vit):
        self.folder = folder
        self.vit = dict(arch=ARCH, img_size=16, patch_size=4) | vit
        self.backbone = str(folder / f"vit{seed}.pth")
        torch.manual_seed(seed)
        model = PromptedViT(**self.vit, prompt_mode="none", frozen=False)
        model.init_weights()
        torch.save(model.state_dict(), self.backbone)

    def write(
        self,
        name,
        prompts=0,
        neck=None,
        classes=3,
        classifier="LPTClassifier",
        head="LinearHead",
        pipeline=PIPELINE,
        preprocessor=PREPROCESSOR,
        light=True,
        center=None,
        **backbone,
    ):
        """Write a pack of random values: ``prompts`` seeds the shared prompts."""
        backbone = dict(type="PromptedViT", prompt_length=2, **self.vit) | backbone
        head = dict(type=head, num_classes=classes, in_channels=32)
        head |= {} if center is None else dict(center=center)
        model = dict(type=classifier, backbone=backbone, head=head)
        model |= {} if neck is None else dict(neck=neck)
        init = dict(type="PretrainedViT", checkpoint=self.backbone)
        with DefaultScope.overwrite_default_scope("mmpretrain"):
            trained = MODELS.build(
                model | dict(backbone=backbone | dict(init_cfg=init))
            )
        trained.backbone.load_source()
        torch.manual_seed(prompts)
        if hasattr(trained.backbone, "shared_prompts"):
            torch.nn.init.normal_(trained.backbone.shared_prompts)
        if trained.backbone.tunings is not None:
            for parameter in trained.backbone.tunings.parameters():
                torch.nn.init.normal_(parameter, std=0.1)
        torch.manual_seed(sum(name.encode()))
        for part in [trained.head, *([trained.neck] if trained.with_neck else [])]:
            for parameter in part.parameters():
                torch.nn.init.normal_(parameter)
        set_means(trained)
        if isinstance(trained.head, FeatureBankHead):
            trained.head.fill(torch.randn(20, 32), torch.arange(20) % classes)
        tensors = trained.state_dict()
        if light:
            tensors = leave_out_backbone(tensors, trained.backbone.identity)
        names = [f"{name} {i}" for i in range(classes)]
        meta = dict(
            cls_num_list=[50, 5, 3, 2, 1, 1, 1][:classes],
            dataset_meta=dict(classes=names),
        )
        path = self.folder / f"{name}.safetensors"
        path.unlink(missing_ok=True)
        Pack(
            Weights(tensors, meta),
            *(model, preprocessor, pipeline, "lpt", [2, 10], {}),
        ).save(path)
        return path

    def alone(self, path, **options):
        return Predictor.from_pack(path, self.backbone, "cpu", **options)

    def together(self, paths, **options):
        return lpt_mm.load(paths, self.backbone, "cpu", **options)


@pytest.fixture(scope="module")
def packs(tmp_path_factory):
    return Packs(tmp_path_factory.mktemp("packs"))


@pytest.fixture(scope="module")
def paths(packs):
    return [packs.write(name, **task) for name, task in TASKS.items()]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Seven images of different sizes, one of them broken."""
    folder, rng = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for i in range(7):
        pixels = rng.integers(0, 255, (20 + i, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    (folder / "4.png").write_bytes(b"no image")
    return [folder / f"{i}.png" for i in range(7)]


@pytest.mark.parametrize("batch_size", [3, 32])
def test_each_task_says_to_the_last_bit_what_it_says_alone(
    packs, paths, images, batch_size
):
    tasks = packs.together(paths)
    assert list(tasks) == list(TASKS)
    found = tasks(images, batch_size, top=9)
    for path, (name, predictions) in zip(paths, found.items(), strict=True):
        alone = packs.alone(path)(images, batch_size, top=9)
        assert predictions == [replace(x, task=name) for x in alone], name
        assert predictions[0].name.startswith(name)
        assert "cannot read" in predictions[4].error
    different = {name: x[0].scores for name, x in found.items()}
    assert len(set(different.values())) == len(TASKS)  # the test could see a mix-up


class Count:
    """Count what is computed: embeddings, layers for whole batches, files read."""

    def __init__(self, patch):
        self.embeddings = self.layers = 0
        embed, encode, finish = (
            getattr(PromptedViT, name) for name in ("embed", "encode", "finish")
        )

        def counted_embed(*args):
            self.embeddings += 1
            return embed(*args)

        def counted_encode(backbone, tokens, start, stop, *args):
            self.layers += stop - start
            return encode(backbone, tokens, start, stop, *args)

        def counted_finish(*args):
            self.layers += 1  # the last one, the others are encoded
            return finish(*args)

        patch.setattr(PromptedViT, "embed", counted_embed)
        patch.setattr(PromptedViT, "encode", counted_encode)
        patch.setattr(PromptedViT, "finish", counted_finish)


@pytest.mark.parametrize(
    ("names", "embeddings", "layers"),
    [
        (["birds"], 1, 2 + 2 + 2),  # below K, query, group prompts
        (["birds", "trees", "early"], 1, 2 + 2 + 3 * 2),
        (["birds", "phase1"], 1, 2 + 2 + 2),  # phase 1 is the query pass
        (["birds", "moths"], 1, 4 + 2 + 3),  # of the same query
        (["probe", "second_probe", "k_nn"], 1, 4),
        (["birds", "other_phase2"], 1, 2 * 6),
        (["birds", "other_crop"], 2, 2 * 6),
        (["birds", "shallow"], 2, 6 + 4),
        (["probe", "lift"], 1, 2 * 4),
        (["birds", "tuned"], 1, 2 * 6),
        (["birds", "two_outputs"], 2, 6 + 4),
    ],
)
def test_what_tasks_share_is_computed_once(
    packs, paths, images, monkeypatch, names, embeddings, layers
):
    of_task = dict(zip(TASKS, paths, strict=True))
    tasks = packs.together([of_task[name] for name in names])
    count = Count(monkeypatch)
    tasks(images[:3])
    assert (count.embeddings, count.layers) == (embeddings, layers)


def test_each_file_is_read_once(packs, paths, images, monkeypatch):
    tasks, seen = packs.together(paths), []
    read = lpt_mm.inference.images.read_image

    def counted(path):
        seen.append(path)
        return read(path)

    monkeypatch.setattr(lpt_mm.inference.images, "read_image", counted)
    tasks(images[:4])
    assert sorted(seen) == sorted(map(str, images[:4]))


def test_one_image_is_an_image_too(packs, paths, images):
    tasks = packs.together(paths[:2])
    (streamed,) = tasks.stream(np.asarray(Image.open(images[0])))
    assert list(streamed) == ["birds", "trees"]
    assert streamed["trees"] == replace(tasks["trees"](images[0])[0], path=None)
    assert tasks([]) == dict(birds=[], trees=[])
    with pytest.raises(UserError, match="top must be at least 1"):
        tasks(images, top=0)
    with pytest.raises(UserError, match=r"cannot read the image .*4\.png"):
        tasks(images, strict=True)


def test_the_backbone_is_in_memory_once(packs, paths):
    tasks = packs.together(paths)
    models = [predictor.model for predictor in tasks.values()]
    frozen = tensor_bytes([packs.alone(paths[-1]).model])
    own = sum(
        tensor.nbytes
        for predictor in tasks.values()
        for tensor in predictor.pack.weights.tensors.values()
    )
    small = 200 * len(models)  # means, deviations, counts of groups
    assert tensor_bytes(models) < frozen + own + small
    assert frozen > 20 * small
    for predictor in tasks.values():  # nor is what is a task's own there twice
        pack, state = predictor.pack, predictor.model.state_dict()
        for name, tensor in pack.weights.tensors.items():
            if name == "backbone.identity":
                assert tensor.untyped_storage().nbytes() == len(tensor)
            else:
                assert tensor.data_ptr() == state[name].data_ptr()


def test_tasks_come_and_go_without_the_file_of_the_backbone(
    packs, paths, images, monkeypatch
):
    expected = packs.alone(paths[1])(images)
    tasks = packs.together(dict(first=paths[0]))

    def read_again(*_):
        raise AssertionError

    for name in ("pretrained_vit.read_weights", "identity.fingerprint"):
        monkeypatch.setattr(f"lpt_mm.weights.{name}", read_again)
    monkeypatch.setattr("lpt_mm.inference.building.read_weights", read_again)
    monkeypatch.setattr("lpt_mm.models.backbones.sourced_vit.fingerprint", read_again)
    tasks.add(paths[1])
    stream = tasks.stream(images, batch_size=2)
    next(stream)
    tasks.remove("first")
    assert list(next(stream)) == ["first", "trees"]  # as it began
    assert (list(tasks), len(tasks), "first" in tasks) == (["trees"], 1, False)
    assert tasks(images)["trees"] == [replace(x, task="trees") for x in expected]


@pytest.fixture(scope="module")
def others(packs, paths):
    """Packs that do not go with the others, by what is wrong with them."""
    other = Packs(packs.folder, seed=1)
    return dict(
        backbone=other.write("far"),
        whole=packs.write("whole", light=False),
        size=packs.write("large", img_size=24),
        precision=packs.write("half", frozen_dtype="bfloat16"),
        name=paths[0],
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            "backbone",
            r"far.safetensors' was trained on the ViT .*vit1.pth.*, and "
            r".*birds.safetensors' on the ViT .*vit0.pth",
        ),
        ("whole", r"whole.safetensors' has a backbone of its own with it"),
        ("size", r"takes images of 24 x 24 pixels, and .* of 16 x 16"),
        ("precision", r"different precision: choose one with --frozen-dtype"),
        ("name", r"there is a task 'birds' already"),
    ],
)
def test_what_does_not_go_together_is_refused(
    packs, paths, others, images, wrong, message
):
    tasks = packs.together(paths[:2])
    before = tasks(images[0])
    with pytest.raises(UserError, match=message) as error:
        tasks.add(others[wrong])
    assert "\n" not in str(error.value)
    assert tasks(images[0]) == before
    if wrong == "name":
        tasks.add(others[wrong], "again")
        again = tasks(images[0])["again"]
        assert again == [replace(before["birds"][0], task="again")]


def test_there_is_always_a_task(packs, paths, others):
    with pytest.raises(UserError, match="name one pack at least"):
        lpt_mm.load([])
    with pytest.raises(UserError, match="has a backbone of its own"):
        lpt_mm.load([others["whole"]])
    tasks = packs.together(paths[:1])
    with pytest.raises(UserError, match="'birds' is the last task"):
        tasks.remove("birds")
    with pytest.raises(UserError, match="there is no task 'trees'"):
        tasks.remove("trees")


def test_one_precision_is_an_argument(packs, paths, others, images):
    both = [paths[0], others["precision"]]
    tasks = packs.together(both, frozen_dtype="bfloat16")
    for path, predictions in zip(both, tasks(images).values(), strict=True):
        alone = packs.alone(path, frozen_dtype="bfloat16")(images)
        assert [x.scores for x in predictions] == [x.scores for x in alone]


def test_a_model_that_is_listened_to_is_heard(packs, paths, images):
    tasks, heard = packs.together(paths[:3]), []
    before = tasks(images[:3])
    layer = tasks["birds"].model.backbone.layers[0]
    handle = layer.register_forward_hook(lambda *args: heard.append(args[0]))
    found = tasks(images[:3])
    assert heard == [layer]
    for name, predictions in found.items():
        for prediction, expected in zip(predictions, before[name], strict=True):
            assert prediction.scores == pytest.approx(expected.scores, rel=1e-4)
    handle.remove()
    assert tasks(images[:3]) == before
    assert len(heard) == 1


PREDICT = ROOT / "tools" / "predict.py"


def read_rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_the_tool_writes_a_row_for_each_image_and_task(
    packs, paths, images, run_here, tmp_path, monkeypatch
):
    words = (*("--pack", paths[0], "--pack", paths[1]), *images)
    options = ("--backbone", packs.backbone, "--batch-size", 3, "--top", 4, "--out")
    pictures = ("--pictures", "sheets")
    out = run_here(PREDICT, *words, *options, "a.csv", *pictures)
    assert "7 images, 1 of them unreadable: a.csv" in out
    rows = read_rows(tmp_path / "a.csv")
    found = packs.together(paths[:2])(images, batch_size=3)
    expected = [x for pair in zip(*found.values(), strict=True) for x in pair]
    for row, prediction in zip(rows, expected, strict=True):
        assert (row["path"], row["task"]) == (prediction.path, prediction.task)
        assert row["name"] == (prediction.name or "")
        assert row["error"] == (prediction.error or "")
    assert rows[0]["name_4"] == ""  # of a task of three classes
    assert rows[1]["name_4"].startswith("trees")
    sheets = {path.parent.name for path in tmp_path.glob("sheets/*/*.png")}
    assert sheets == {"birds", "trees"}

    stream = Tasks.stream

    def stopped(*args):
        for i, predictions in enumerate(stream(*args)):
            if i == 5:
                raise KeyboardInterrupt
            yield predictions

    with monkeypatch.context() as patch:
        patch.setattr(Tasks, "stream", stopped)
        out = run_here(PREDICT, *words, *options, "b.csv", fails=True)
    assert "stopped after 5 images" in out
    run_here(PREDICT, *words, *options, "b.csv", "--resume")
    assert (tmp_path / "b.csv").read_text() == (tmp_path / "a.csv").read_text()


def test_the_cost_of_tasks_is_measured(monkeypatch):
    monkeypatch.setattr("lpt_mm.inference.task_cost.get_context", lambda method: FORKS)
    cfg = digits_config("lpt/phase2_digits_lt")
    numbers = measure_tasks(cfg, number=3, batch_size=2, repeats=1)
    assert numbers["tensor_bytes_of_one"] < numbers["tensor_bytes"]
    assert numbers["tensor_bytes"] < 3 * numbers["tensor_bytes_of_one"]
    assert 0 < numbers["seconds_to_add"] < 10
    with pytest.raises(UserError, match="2 tasks at least"):
        measure_tasks(cfg, number=1, batch_size=2, repeats=1)
    tuned = digits_config("lpt/phase1_digits_lt")
    tuned.model.backbone.frozen = False
    with pytest.raises(UserError, match="share a frozen backbone"):
        measure_tasks(tuned, number=2, batch_size=2, repeats=1)
