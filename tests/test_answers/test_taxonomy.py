"""Answers are as deep as is certain, and a table that is no tree is refused."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from lpt_mm.answers.taxonomy import Taxonomy
from lpt_mm.utils.errors import UserError
from tests.conftest import ROOT
from tests.test_collection.made_up import write_pack, write_set

TOOL = ROOT / "tools" / "inference" / "back_off.py"
NAMES = ["oak", "elm", "fir", "fern"]
TABLE = """species,genus,family
fir,Abies,conifer
oak,Quercus,broadleaf
elm,Ulmus,broadleaf
fern,,
"""


def read(folder, text=TABLE, names=NAMES):
    (folder / "t.csv").write_text(text)
    return Taxonomy.read(folder / "t.csv", names)


def test_levels_have_names_and_sums(tmp_path):
    tree = read(tmp_path)
    assert tree.levels == ["species", "genus", "family"]
    assert tree.nodes[2] == ["broadleaf", "conifer"]
    p = torch.tensor([[0.1, 0.2, 0.3, 0.4]])
    assert_allclose(tree.summed(p, 2), [[0.3, 0.3]], rtol=1e-6)
    assert_allclose(tree.summed(p, 0).sum(), 1)


@pytest.mark.parametrize(
    ("probability", "level", "name", "certainty"),
    [
        ([0.9, 0.05, 0.05, 0.0], "species", "oak", 0.9),
        ([0.5, 0.4, 0.1, 0.0], "family", "broadleaf", 0.9),
        ([0.1, 0.1, 0.7, 0.1], None, None, 0.0),
        ([0.0, 0.0, 0.1, 0.9], "species", "fern", 0.9),
    ],
)
def test_the_answer_is_the_deepest_certain_name(
    tmp_path, probability, level, name, certainty
):
    tree = read(tmp_path)
    found = tree.back_off(torch.tensor([probability], dtype=torch.float64), 0.85)
    i = int(found.level)
    assert (None if i < 0 else tree.levels[i]) == level
    assert (None if i < 0 else tree.nodes[i][int(found.node)]) == name
    assert float(found.certainty) == pytest.approx(certainty)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("species\nfir\n", "the first line names the levels"),
        ("a,b\nfir,x,y\n", "at most 1 names above it, got fir,x,y"),
        (TABLE + "palm,Areca,x\n", "names no class of the model: palm"),
        (TABLE.replace("fern,,\n", ""), "has no row of fern"),
        (TABLE + "fir,Pinus,conifer\n", "'fir' has two parents, Abies, conifer and"),
        (
            TABLE.replace("Ulmus", "Quercus").replace(
                "elm,Quercus,broadleaf", "elm,Quercus,y"
            ),
            "'Quercus' has two parents, broadleaf, y",
        ),
        (TABLE.replace("fern,,", "fern,conifer,Abies"), "has a circle: 'Abies' in"),
        (TABLE.replace("fern,,", "fern,fern,"), "has a circle: 'fern' in 'fern'"),
        (TABLE.replace("fern,,", "fern,conifer,"), "has 'conifer' at two levels"),
    ],
)
def test_what_is_no_tree_is_refused_in_one_line(tmp_path, text, message):
    with pytest.raises(UserError) as error:
        read(tmp_path, text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_the_tool_counts_answers_and_right_ones(tmp_path, run_here):
    pack = write_pack(tmp_path / "a.safetensors", counts=(9, 9, 9, 9))
    (tmp_path / "t.csv").write_text(
        "class,kind\nclass 0,low\nclass 1,low\nclass 2,high\nclass 3,high\n"
    )
    p = np.array(
        [
            *[[0.97, 0.01, 0.01, 0.01]] * 4,  # class 0
            *[[0.5, 0.45, 0.04, 0.01]] * 3,  # low
            *[[0.25, 0.25, 0.25, 0.25]] * 3,  # nothing
        ]
    )
    label = np.array([0, 0, 0, 1, 1, 0, 3, 1, 1, 1])
    write_set(tmp_path / "set", pack, np.log(p).astype("float32"), label)
    said = run_here(TOOL, "a.safetensors", "set", "t.csv", "--certainty", 0.9)
    rows = [line.strip("│ ").split("│") for line in said.splitlines() if "│" in line]
    found = {row[0].strip(): [x.strip() for x in row[1:]] for row in rows}
    assert found == {
        "class": ["4", "40.00", "75.00"],
        "kind": ["3", "30.00", "66.67"],
        "no answer": ["3", "30.00", "-"],
        "answers": ["7", "70.00", "71.43"],
    }
    said = run_here(TOOL, "a.safetensors", "set", "t.csv", "--certainty", 2, fails=True)
    assert "a certainty is above 0 and at most 1, got 2.0" in said
