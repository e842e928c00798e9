from lpt_mm.evaluation.metrics import ShotGroups


def test_groups_at_the_thresholds():
    counts = [1, 19, 20, 21, 99, 100, 101]
    lpt = ShotGroups("lpt", (20, 100)).assign(counts).tolist()
    oltr = ShotGroups("oltr", (20, 100)).assign(counts).tolist()
    assert lpt == ["few", "few", "few", "medium", "medium", "medium", "many"]
    assert oltr == ["few", "few", "medium", "medium", "medium", "medium", "many"]
