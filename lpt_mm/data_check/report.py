"""What the data doctor says: a table, JSON and a picture."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from mmengine.config import Config
from rich.console import Console

from lpt_mm.data_check import findings as judge
from lpt_mm.data_check.class_count_picture import draw_class_counts
from lpt_mm.data_check.class_statistics import gini, imbalance_ratio
from lpt_mm.data_check.duplicates import find_duplicates
from lpt_mm.data_check.findings import ERROR, WARNING, Finding
from lpt_mm.data_check.near_duplicates import NearDuplicates, find_near_duplicates
from lpt_mm.data_check.pair_picture import draw_pairs
from lpt_mm.data_check.split_scan import SplitScan, scan_splits
from lpt_mm.data_check.splits import build_splits
from lpt_mm.datasets.image_groups import group_dataset
from lpt_mm.evaluation.metrics import SHOT_GROUPS, ShotGroups, shot_groups_of
from lpt_mm.evaluation.metrics.shot_groups import CONVENTIONS
from lpt_mm.utils.new_file import replace_file
from lpt_mm.utils.tables import number_table
from lpt_mm.utils.text import for_rich

REPORT_FILES = ("report.json", "class_counts.png", "near_duplicates.png")
REPORT, PICTURE, PAIRS = REPORT_FILES


@dataclass
class DataReport:
    """The state of a config's data: what was seen by split, and what is wrong."""

    scans: dict[str, SplitScan]
    class_names: list[str]
    shot_groups: ShotGroups
    findings: list[Finding]
    near: dict[str, NearDuplicates] = field(default_factory=dict)  # by split

    def messages(self, severity: str) -> list[Finding]:
        """Choose the findings of a severity, ``ERROR`` or ``WARNING``."""
        return [finding for finding in self.findings if finding.severity == severity]

    def as_dict(self) -> dict:
        """Return what goes into JSON."""
        report = dict(
            errors=[finding.as_dict() for finding in self.messages(ERROR)],
            warnings=[finding.as_dict() for finding in self.messages(WARNING)],
            splits={name: _statistics(scan) for name, scan in self.scans.items()},
        )
        if "train" in self.scans:
            counts = self.scans["train"].counts
            report["shot_groups"] = self.shot_group_sizes()
            report["boundary_classes"] = {
                bound: [self.class_names[i] for i in np.flatnonzero(counts == bound)]
                for bound in self.shot_groups.thresholds
            }
        report["classes"] = [
            dict(name=name, **{k: int(v.counts[i]) for k, v in self.scans.items()})
            for i, name in enumerate(self.class_names)
        ]
        return report

    def shot_group_sizes(self) -> dict[str, dict]:
        """Give, by convention, ``definition`` and the classes of each group."""
        sizes = {}
        for convention in CONVENTIONS:
            groups = ShotGroups(convention, self.shot_groups.thresholds)
            names = groups.assign(self.scans["train"].counts).tolist()
            of_groups = {name: names.count(name) for name in SHOT_GROUPS}
            sizes[convention] = dict(definition=str(groups), **of_groups)
        return sizes


def examine_data(cfg: Config, group_by: str | None = None) -> DataReport:
    """Look at all images of a config's data sets, and at what is wrong with them.

    With ``group_by``, see ``group_images``, also at groups of images that cross splits.
    """
    shot_groups = shot_groups_of(cfg)
    datasets, findings = build_splits(cfg)
    groups = {k: group_dataset(v, group_by) for k, v in datasets.items() if group_by}
    head = (cfg.get("model") or {}).get("head")
    num_classes = head.get("num_classes") if isinstance(head, Mapping) else None
    names = next((n for d in datasets.values() if (n := d.metainfo.get("classes"))), ())
    scans, seen = scan_splits(datasets, num_classes or len(names) or None)
    total = max((len(scan.counts) for scan in scans.values()), default=0)
    names = [str(names[i]) if i < len(names) else str(i) for i in range(total)]
    findings += judge.file_findings(scans)
    findings += judge.class_findings(scans, num_classes)
    findings += judge.count_findings(scans, names, shot_groups.thresholds)
    findings += judge.duplicate_findings(find_duplicates(datasets, seen.digests))
    findings += judge.group_findings(groups)
    findings += judge.near_duplicate_findings(
        near := find_near_duplicates(datasets, seen)
    )
    return DataReport(scans, names, shot_groups, findings, near)


def write_data_report(report: DataReport, folder: Path) -> None:
    """Write the ``REPORT_FILES`` anew, and those for which there are images."""
    content = json.dumps(report.as_dict(), indent=1) + "\n"
    replace_file(folder / REPORT, content.encode())
    train = report.scans.get("train")
    if train is not None and train.counts.any():
        names, groups = report.class_names, report.shot_groups
        draw_class_counts(train.counts, names, groups, folder / PICTURE)
    pairs = {split: found.shown for split, found in report.near.items() if found.shown}
    if pairs:
        draw_pairs(pairs, folder / PAIRS)
    else:
        (folder / PAIRS).unlink(missing_ok=True)  # of an older report


def print_data_report(report: DataReport, title: str, folder: str | Path) -> None:
    """Print tables of splits and shot groups, and what is wrong, one line each."""
    console = Console()
    if report.scans:
        columns = ("split", "images", "classes", "most", "fewest", "imbalance", "Gini")
        rows = [_split_row(name, scan) for name, scan in report.scans.items()]
        console.print(number_table(for_rich(title), columns, rows))
    if "train" in report.scans:
        columns = ("convention", *SHOT_GROUPS)
        rows = [
            (sizes["definition"], *(f"{sizes[name]:,}" for name in SHOT_GROUPS))
            for sizes in report.shot_group_sizes().values()
        ]
        console.print(number_table("Classes by shot group", columns, rows))
    lines, totals = [], []
    for severity in (ERROR, WARNING):
        messages = report.messages(severity)
        lines += [f"{severity}: {finding.message}" for finding in messages]
        totals.append(f"{len(messages)} {severity}s")
    for line in (*lines, f"{', '.join(totals)}; see {folder}"):
        console.print(for_rich(line), soft_wrap=True, highlight=False)


def _split_row(name: str, scan: SplitScan) -> tuple:
    row = _statistics(scan)
    ratio, coefficient = row["imbalance_ratio"], row["gini"]
    return (
        name,
        f"{row['images']:,}",
        f"{row['classes']:,} of {len(scan.counts):,}",
        f"{row['most']:,}",
        f"{row['fewest']:,}",
        None if ratio is None else f"{ratio:,.1f}",
        None if coefficient is None else f"{coefficient:.3f}",
    )


def _statistics(scan: SplitScan) -> dict[str, int | float | None]:
    counts = scan.counts
    return dict(
        images=len(scan.dataset),
        classes=int((counts > 0).sum()),
        most=int(counts.max(initial=0)),
        fewest=int(counts.min()) if counts.size else 0,
        imbalance_ratio=imbalance_ratio(counts),
        gini=gini(counts),
    )
