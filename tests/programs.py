"""Programs that start in no time: forks of a process that has imported everything.

Each has a process of its own, like a program that is started, but does without the five
seconds that torch and mmpretrain take to be imported.
"""

import multiprocessing
import os
import runpy
import socket
import sys
import tempfile
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["lpt_mm.sweep.run"])  # as sweeps do: they share a server
TIMEOUT = 300


def free_port():
    """Find a port for the processes of a run to meet."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def run_script(folder, command, fails=False, timeout=TIMEOUT):
    """Run a script with its arguments in a folder, and return what it printed."""
    return _run(folder, command, [{}], fails, timeout)


def run_together(folder, number, *command):
    """Run a script in processes that meet, as torchrun does, without a GPU."""
    shared = dict(
        MASTER_ADDR="127.0.0.1",
        MASTER_PORT=str(free_port()),
        WORLD_SIZE=str(number),
        LOCAL_WORLD_SIZE=str(number),
        CUDA_VISIBLE_DEVICES="",
    )
    ranks = map(str, range(number))
    variables = [dict(shared, RANK=rank, LOCAL_RANK=rank) for rank in ranks]
    return _run(folder, command, variables, fails=False, timeout=TIMEOUT)


def _run(folder, command, variables, fails, timeout):
    command = [str(part) for part in command]
    with tempfile.NamedTemporaryFile() as output:
        processes = [
            FORKS.Process(
                target=_become,
                args=(command, folder, dict(os.environ, **more), output.name),
            )
            for more in variables
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join(timeout)
            process.kill()  # if it hangs
            process.join()
        said = Path(output.name).read_text()
    assert any(process.exitcode for process in processes) == fails, said[-4000:]
    return said


def _become(command, folder, environment, output):
    """Be the program that a command starts: its end is that of this process."""
    with open(output, "a") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = command
    sys.path.insert(0, str(Path(command[0]).parent))
    runpy.run_path(command[0], run_name="__main__")
