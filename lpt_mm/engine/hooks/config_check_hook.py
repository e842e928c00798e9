"""Names at the top of a config: settings, and names that only help to write it.

A setting that is misspelt would change nothing. A name such as ``data_root`` is used
where the config is written; a value that it gets afterwards reaches nothing.
"""

import ast
from collections.abc import Iterator
from difflib import get_close_matches
from inspect import signature
from pathlib import Path

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from lpt_mm.engine.folds import check_fold
from lpt_mm.utils.errors import UserError

SETTINGS = {
    *list(signature(Runner.__init__).parameters)[1:],
    "activation_checkpointing",
    "compile",
    "custom_imports",
    "efficient_conv_bn_eval",
    "fold",
    "model_wrapper_cfg",
    "phase1_work_dir",
    "runner_type",
    "sync_bn",
    "tta_model",
    "tta_pipeline",
}
# Of this package's configs, to write others with.
HELPERS = {
    "data_root",
    "group_prompts",
    "pipeline",
    "test_pipeline",
    "train_pipeline",
    "tuning",
}


@HOOKS.register_module()
class ConfigCheckHook(Hook):
    """Refuse misspelt names in the config, and warn of values that reach nothing.

    A ``fold`` has to be that of the data sets.
    """

    priority = "HIGHEST"

    def before_run(self, runner: Runner) -> None:
        """Look at the names of the config, and at its fold."""
        check_fold(runner.cfg)
        for name in check_keys(runner.cfg):
            runner.logger.warning(
                f"the config's {name} changes nothing: no setting has its value. It is "
                "used where configs are written; set what it was used for, such as "
                "model.neck for group_prompts, or a data set's data_root or pipeline"
            )


def check_keys(cfg: Config) -> list[str]:
    """Refuse names that look like a setting but are none, or whose value is unused.

    Returned are those of this package's own ``HELPERS`` whose value, set in the config
    file itself or by an option, is unused. Names with an underscore are left alone.
    """
    values = cfg.to_dict()
    used = [*_nodes({k: v for k, v in values.items() if k in SETTINGS})]
    helpers = {name for name in cfg if not name.startswith("_")} - SETTINGS
    unreached = [
        name
        for name in sorted(helpers & _set_last(cfg))
        if not any(_is_part(values[name], node) for node in used)
    ]
    for name in sorted(helpers - HELPERS):
        meant = get_close_matches(name, sorted(SETTINGS), n=1, cutoff=0.8)
        if meant or name in unreached:
            hint = (
                f"did you mean {meant[0]!r}?" if meant else "its value is used nowhere"
            )
            raise UserError(
                f"the config has {name!r}, which is no setting: {hint} (a name that "
                "only helps to write the config may begin with an underscore)"
            )
    return unreached


def _set_last(cfg: Config) -> set[str]:
    """Names that the file assigns, or that have other values than in the file."""
    path = Path(cfg.filename or "")
    if path.suffix != ".py" or not path.is_file():
        return set(cfg)
    assigned = {
        target.id
        for statement in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    written = Config.fromfile(path, import_custom_modules=False)
    return assigned | {name for name in cfg if cfg[name] != written.get(name)}


def _nodes(value: object) -> Iterator[object]:
    """Go through all values inside a value, and itself."""
    yield value
    if isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _nodes(item)


def _is_part(value: object, node: object) -> bool:
    """Whether a node has all that a value has."""
    if isinstance(value, dict) and isinstance(node, dict):
        return all(
            key in node and _is_part(item, node[key])
            for key, item in value.items()
            if key != "_delete_"
        )
    return value == node
