"""Settings of a config that would change nothing."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from lpt_mm.engine.config_keys import check_keys


@HOOKS.register_module()
class ConfigCheckHook(Hook):
    """Refuse misspelt names in the config, and warn of values that reach nothing."""

    priority = "HIGHEST"

    def before_run(self, runner: Runner) -> None:
        """Look at the names of the config."""
        for name in check_keys(runner.cfg):
            runner.logger.warning(
                f"the config's {name} changes nothing: no setting has its value. It is "
                "used where configs are written; set what it was used for, such as "
                "model.neck for group_prompts, or a data set's data_root or pipeline"
            )
