import copy

import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch.testing import assert_close

from lpt_mm.datasets.dual_sampler_dataset import CLASS_BALANCED, INSTANCE_BALANCED
from lpt_mm.models.backbones import prompted_layer
from tests.golden import golden_model, load_golden, tiny_lpt

COUNTS = [40, 20, 10, 8, 4, 2, 1]


def samples(labels, *tags):
    """Make data samples, tagged in equal parts."""
    out = [DataSample().set_gt_label(label) for label in labels]
    for i, sample in enumerate(out):
        if tags:
            tag = tags[i * len(tags) // len(out)]
            sample.set_field(tag, "sampling", field_type="metainfo")
    return out


def build_model(phase, **backbone):
    model = MODELS.build(tiny_lpt(phase, **backbone))
    model.init_weights()
    for module in (model.head.loss_module, model.head.instance_loss_module):
        module.cls_num_list = COUNTS
        module.noise_mul = 0.0
    return model.train()


def test_phase2_agrees_with_the_reference():
    golden, _ = load_golden("phase2_forward")
    model = golden_model("phase2_forward", phase=2).train()
    (feature,), similarity = model._encode(golden["x"])
    query = model.extract_feat(golden["x"], "backbone")[0]
    cosine = model.head.cosine(feature)
    total = (cosine * golden["loss_weight"]).sum() + model.neck.loss(similarity)
    total.backward()
    assert torch.equal(model.neck.match(query)[1], golden["topk"])
    matched = similarity.sum(dim=1).mean()
    for ours, name in (
        (query, "query"),
        (feature, "feature"),
        (cosine, "cosine"),
        (matched, "matched_similarity"),
    ):
        assert_close(ours.detach(), golden[name], rtol=0, atol=1e-9)
    for parameter, name in (
        (model.neck.group_prompts, "grad_pool"),
        (model.neck.prompt_keys, "grad_keys"),
        (model.head.weight, "grad_head"),
    ):
        assert_close(parameter.grad, golden[name], rtol=0, atol=1e-8)


def test_three_sgd_steps_agree_with_the_reference(monkeypatch):
    golden, meta = load_golden("phase2_sgd")
    model = golden_model("phase2_forward", phase=2).train()
    for module in (model.head.loss_module, model.head.instance_loss_module):
        module.cls_num_list = golden["class_counts"].tolist()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(
        trained,
        lr=meta["lr"],
        momentum=meta["momentum"],
        weight_decay=meta["weight_decay"],
    )
    for step, beta in enumerate(golden["betas"]):
        model.beta = beta.item()
        for i, module in enumerate(
            (model.head.loss_module, model.head.instance_loss_module)
        ):
            noise, cloud = golden["raw_noise"][step, i], type(module)._cloud
            monkeypatch.setattr(
                module,
                "_cloud",
                lambda c, y, _, m=module, n=noise, f=cloud: f(m, c, y, n),
            )
        images = golden["images"][step].flatten(0, 1)
        labels = golden["labels"][step].flatten().tolist()
        losses = model.loss(images, samples(labels, CLASS_BALANCED, INSTANCE_BALANCED))
        total = sum(losses.values())
        assert_close(total.detach(), golden["losses"][step], rtol=0, atol=1e-8)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    for parameter, name in (
        (model.neck.group_prompts, "final_pool"),
        (model.neck.prompt_keys, "final_keys"),
        (model.head.weight, "final_head"),
    ):
        assert_close(parameter.detach(), golden[name], rtol=0, atol=1e-8)


@pytest.mark.parametrize("phase", [1, 2])
def test_dual_loss_is_the_sum_of_its_halves(float64, phase):
    model = build_model(phase)
    model.beta = 0.3
    x, labels = torch.randn(6, 3, 16, 16), [0, 1, 2, 3, 4, 5]
    dual = model.loss(x, samples(labels, INSTANCE_BALANCED, CLASS_BALANCED))
    instance = model.loss(x[:3], samples(labels[:3], INSTANCE_BALANCED))
    balanced = model.loss(x[3:], samples(labels[3:], CLASS_BALANCED))
    assert_close(sum(dual.values()), sum(instance.values()) + sum(balanced.values()))
    names = {"loss_class_balanced", "loss_instance_balanced"}
    assert dual.keys() == names | ({"loss_key"} if phase == 2 else set())
    model.beta = 1.0
    unscaled = model.loss(x[:3], samples(labels[:3], INSTANCE_BALANCED))
    assert_close(sum(instance.values()), 0.3 * sum(unscaled.values()))


def test_plain_batches_are_trained_on_as_ever():
    losses = build_model(2).loss(torch.randn(2, 3, 16, 16), samples([0, 1]))
    assert losses.keys() == {"loss_cls", "loss_key"}


@pytest.mark.parametrize(
    ("phase", "trained"),
    [
        (1, {"backbone.shared_prompts", "head.weight"}),
        (2, {"neck.group_prompts", "neck.prompt_keys", "head.weight"}),
    ],
)
def test_a_step_changes_what_is_trained_and_nothing_else(phase, trained):
    model = build_model(phase)
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.01)
    labels = samples([0, 1, 2, 3], INSTANCE_BALANCED, CLASS_BALANCED)
    sum(model.loss(torch.randn(4, 3, 16, 16), labels).values()).backward()
    optimizer.step()
    after = model.state_dict()
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert changed == trained


def test_each_layer_runs_no_more_often_than_needed():
    model, runs = build_model(2), []

    def spy(function):
        def run(layer, tokens, *args):
            out = function(layer, tokens, *args)
            index = list(model.backbone.layers).index(layer)
            runs.append((function.__name__, index, out.requires_grad))
            return out

        return run

    model.backbone._run_layer = spy(prompted_layer.run_layer)
    model.backbone._run_class_token = spy(prompted_layer.run_class_token)
    model.loss(torch.randn(2, 3, 16, 16), samples([0, 1]))
    assert runs == [
        ("run_layer", 0, False),  # for the query and the final pass
        ("run_layer", 1, False),
        ("run_layer", 2, False),
        ("run_class_token", 3, False),
        ("run_layer", 2, True),
        ("run_class_token", 3, True),
    ]


def test_a_query_of_layer_k_saves_the_first_pass(float64):
    cfg = tiny_lpt(2)
    cfg["neck"]["query"] = "layer_k"
    model, x, queries = MODELS.build(cfg), torch.randn(3, 3, 16, 16), []
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    model.neck.register_forward_pre_hook(lambda _, args: queries.append(args[0]))
    vit = model.backbone
    finish, passes = vit.finish, []
    vit.finish = lambda *args, **kwargs: passes.append(1) or finish(*args, **kwargs)
    model.eval().extract_feat(x)
    tokens, _ = vit.embed(x)
    expected = vit.encode(tokens, 0, model.neck.num_shared_layers)[:, 0]
    assert_close(queries[-1], expected, rtol=0, atol=1e-11)
    assert len(passes) == 1


@pytest.mark.parametrize("shared", [0, 2, 3])
def test_any_number_of_shared_layers_equals_two_whole_passes(float64, shared):
    cfg = tiny_lpt(2)
    cfg["neck"]["num_shared_layers"] = shared
    model, x = MODELS.build(cfg), torch.randn(3, 3, 16, 16)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    vit = model.backbone

    def whole_pass(group_prompts=None):
        tokens, _ = vit.embed(x)
        for i, layer in enumerate(vit.layers):
            prompts = [vit.shared_prompts[i].expand(3, -1, -1)]
            if group_prompts is not None and i >= shared:
                prompts.append(group_prompts[:, i - shared])
            tokens = layer(torch.cat([tokens, *prompts], dim=1))[:, :5]
        return vit.ln1(tokens)[:, 0]

    query = whole_pass()
    expected = whole_pass(model.neck(query)[0])
    assert (expected - query).abs().max() > 1e-3
    assert_close(model.extract_feat(x)[0], expected, rtol=0, atol=1e-11)


def test_other_features_are_computed_from_all_tokens(float64):
    cfg = tiny_lpt(2, out_type="avg_featmap")
    model, x = MODELS.build(cfg), torch.randn(2, 3, 16, 16)
    assert model.extract_feat(x)[0].shape == (2, 24)


def step_of(model, x):
    """Give loss and gradient of a batch, and its scores in validation."""
    model.train().zero_grad()
    losses = model.loss(x, samples([i % 7 for i in range(len(x))]))
    sum(losses.values()).backward()
    with torch.no_grad():
        scores = model.eval()(x)
    return losses["loss_cls"].detach(), model.head.weight.grad, scores


@pytest.mark.parametrize("phase", [1, 2])
@pytest.mark.parametrize("out_type", ["featmap", "raw"])
def test_several_features_of_an_image_are_refused(phase, out_type):
    with pytest.raises(
        ValueError, match=f"'cls_token' or 'avg_featmap', got '{out_type}'"
    ):
        MODELS.build(tiny_lpt(phase, out_type=out_type))
    cfg = dict(tiny_lpt(1, out_type=out_type), head=None)
    assert len(MODELS.build(cfg).extract_feat(torch.randn(2, 3, 16, 16))[-1]) == 2


@pytest.mark.parametrize(
    ("phase", "backend", "sizes", "backbone"),
    [
        (1, "eager", [4], {}),
        (2, "aot_eager", [4], {}),
        (2, "eager", [4, 3, 1], dict(with_cp=True, frozen_dtype="bfloat16")),
    ],
)
def test_compiles_without_graph_breaks_and_once(phase, backend, sizes, backbone):
    options = dict(backend=backend, fullgraph=True)  # refuses graph breaks
    model = build_model(phase, compile=options, **backbone)
    plain = build_model(phase, **backbone)
    plain.load_state_dict(model.state_dict())
    batches = [torch.randn(size, 3, 16, 16) for size in sizes]
    torch.compiler.reset()
    for x in batches:
        assert_close(step_of(model, x), step_of(plain, x))
    with torch.compiler.set_stance("fail_on_recompile"):
        for x in batches:
            step_of(model, x)


def test_both_phases_can_be_trained_jointly():
    cfg = tiny_lpt(2)
    cfg["backbone"]["frozen_prompts"] = False
    model = MODELS.build(cfg)
    model.head.loss_module.cls_num_list = COUNTS
    sum(model.loss(torch.randn(2, 3, 16, 16), samples([0, 1])).values()).backward()
    # The first layers' prompts act through the second pass alone, as all others do.
    assert model.backbone.shared_prompts.grad.abs().amax(dim=(1, 2)).all()


def test_stages_of_extract_feat():
    model, x = build_model(2).eval(), torch.randn(2, 3, 16, 16)
    backbone = model.extract_feat(x, "backbone")[-1]
    neck = model.extract_feat(x)[-1]
    assert backbone.shape == neck.shape == (2, 24)
    assert not torch.allclose(backbone, neck)
    assert_close(model.extract_feat(x, "pre_logits"), neck)
    assert_close(model(x), model.head((neck,)))
    assert_close(build_model(1).eval().extract_feat(x, "pre_logits").shape, neck.shape)


def test_predicts_the_class_of_the_largest_cosine():
    model, x = build_model(2).eval(), torch.randn(3, 3, 16, 16)
    predictions = model.predict(x, samples([0, 1, 2]))
    expected = model(x).argmax(dim=1)
    assert torch.equal(torch.cat([p.pred_label for p in predictions]), expected)
