"""What a process imports whose forks are the programs of `tests/programs.py`."""

import gc
from multiprocessing import forkserver

import matplotlib.backends.backend_agg
import matplotlib.figure
import mmengine.config.config
import mmpretrain.engine
import mmpretrain.visualization
import setuptools
import sklearn.datasets
import timm
import torch.distributed.launcher.api
from torch.distributed.elastic.multiprocessing.subprocess_handler import (
    subprocess_handler as torchrun,
)

import lpt_mm.sweep.run  # noqa: F401
from tests.programs import fork

torchrun.Popen = fork
# Each checkpoint holds the text of a config, which takes long to be laid out nicely.
mmengine.config.config.FormatCode = lambda text, style_config: (text, True)
forkserver._forkserver.ensure_running = lambda: None  # for sweeps that are forks
gc.freeze()  # mmengine collects garbage for each data set; what is imported is none
