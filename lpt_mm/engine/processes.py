"""The processes of a run: how they meet, notice that one is lost, and part."""

import gc
import os
import re

from mmengine.config import Config
from torch import distributed

# Of gloo and NCCL; both raise a RuntimeError, as for many other reasons.
LOST = re.compile("gloo|remote process exited|communicator was aborted", re.IGNORECASE)


def is_first_process() -> bool:
    """Tell whether this process is the first of all machines, before they have met."""
    names = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK")
    return int(next((os.environ[name] for name in names if name in os.environ), 0)) == 0


def meet_anew() -> None:
    """Let processes that torchrun has started again meet at a port of their own.

    With a fixed address torchrun goes on with its store, where they would find the
    addresses of those who died: from the second start on, the first process has the
    store, at ``MASTER_PORT`` plus the number of restarts.
    """
    restarts = int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0))
    if restarts and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True":
        os.environ["MASTER_PORT"] = str(int(os.environ["MASTER_PORT"]) + restarts)
        os.environ["TORCHELASTIC_USE_AGENT_STORE"] = "False"


def use_cpu_processes(cfg: Config) -> None:
    """Let several processes train on CPU, which mmengine's own set-up cannot."""
    slurm = dict(RANK="SLURM_PROCID", WORLD_SIZE="SLURM_NTASKS")
    mpi = dict(RANK="OMPI_COMM_WORLD_RANK", WORLD_SIZE="OMPI_COMM_WORLD_SIZE")
    names = dict(slurm=slurm, mpi=mpi).get(cfg.launcher, {})
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR"):
        given = names.get(name, name)
        if given not in os.environ:
            raise OSError(
                f"--launcher {cfg.launcher}: the environment has no {given}; start the "
                "processes with srun, mpirun or tools/dist_train.sh, and set "
                "MASTER_ADDR to the address of the first machine"
            )
        os.environ[name] = os.environ[given]
    os.environ.setdefault("MASTER_PORT", "29500")
    distributed.init_process_group("gloo")  # the runner keeps an existing group
    cfg.setdefault("model_wrapper_cfg", dict(type="MMDistributedDataParallel"))
    cfg.model_wrapper_cfg.update(device_ids=None, broadcast_buffers=False)


def describe_loss(error: Exception) -> str | None:
    """Say in one line that another process is lost, if that is what an error means."""
    network = (distributed.DistNetworkError, distributed.DistStoreError)
    text = str(error)
    is_network = isinstance(error, network) and "EADDRINUSE" not in text
    if not is_network and not (isinstance(error, RuntimeError) and LOST.search(text)):
        return None
    reason = re.sub(r"\[\S+:\d+\] ", "", text.splitlines()[0]).split(". ")[0]
    return (
        f"another process of this run ended or cannot be reached ({reason}): see its "
        "output; a training goes on with --resume"
    )


def close_processes() -> None:
    """Leave the process group, if there is one, all processes together.

    The caller must not hold the runner any more. A group that lives until the
    interpreter ends has threads that may then ask for an interpreter that is gone,
    which aborts the process.
    """
    if distributed.is_initialized():
        gc.collect()  # the runner and its parts refer to each other, and to the group
        distributed.barrier()
        distributed.destroy_process_group()
