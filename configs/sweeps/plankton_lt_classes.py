"""Does phase 2 help more, the more classes there are? Plankton-LT's, 21 to 121.

Data:     lists of every second and of every sixth class, in data/plankton_lt:
          for n in 2 6; do for f in fold_*/*.txt; do mkdir -p every_$n/${f%/*};
          awk -v n=$n '$2 % n == 0 {print $1, $2 / n}' $f > every_$n/$f; done; done
Command:  python tools/analysis_tools/sweep.py configs/sweeps/plankton_lt_classes.py \
              --processes 2
"""

_phase1 = "configs/lpt/phase1_plankton_lt.py"
_phase2 = "configs/lpt/phase2_plankton_lt.py"


def _rows(number, folder):
    options = {"model.backbone.frozen_dtype": "bfloat16"}
    if folder is not None:
        options["model.head.num_classes"] = number
        for split in ("val", "test"):
            ann_file = f"{folder}/fold_{{fold}}/{split}.txt"
            options[f"{split}_dataloader.dataset.ann_file"] = ann_file
        ann_file = f"{folder}/fold_{{fold}}/train.txt"
        options["train_dataloader.dataset.dataset.ann_file"] = ann_file
    alone = {**options, "model.neck": None, "optim_wrapper.optimizer.lr": 0.003}
    first = f"{number} classes, phase 1"
    return {
        first: dict(config=_phase1, options=options),
        f"{number} classes, phase 2": dict(
            config=_phase2, phase1=first, options=options
        ),
        f"{number} classes, no group prompts": dict(
            config=_phase2, phase1=first, options=alone
        ),
    }


seeds = [0]
folds = [0, 1, 2, 3, 4]
rows = {
    **_rows(21, "every_6"),
    **_rows(61, "every_2"),
    **_rows(121, None),
}
compare = {
    f"{number} classes, phase 2": [
        f"{number} classes, no group prompts",
        f"{number} classes, phase 1",
    ]
    for number in (21, 61, 121)
}
