"""What a process imports and sets whose forks are the programs of the tests."""

import gc
from importlib import import_module
from multiprocessing import forkserver

import mmengine.config.config
from torch.distributed.elastic.multiprocessing.subprocess_handler import (
    subprocess_handler as torchrun,
)

from tests.programs import fork

for name in (
    "lpt_mm.sweep.run",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "mmpretrain.engine",
    "mmpretrain.visualization",
    "setuptools",
    "sklearn.datasets",
    "timm",
    "torch.distributed.launcher.api",
):
    import_module(name)

torchrun.Popen = fork
# Each checkpoint holds the text of a config, which takes long to be laid out nicely.
mmengine.config.config.FormatCode = lambda text, style_config: (text, True)
# A sweep among the programs has its runs forked by this process, too.
forkserver._forkserver.ensure_running = lambda: None
gc.freeze()  # mmengine collects garbage for each data set; what is imported is none
