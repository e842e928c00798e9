"""Programs that start in no time: forks of a process that has imported everything.

Each has a process of its own, like a program that is started, but does without the five
seconds that torch and mmpretrain take to be imported.
"""

import atexit
import json
import multiprocessing
import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from contextlib import suppress
from functools import cache, partial
from multiprocessing.connection import Connection, wait
from pathlib import Path
from threading import Thread

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.preloaded"])
TIMEOUT = 300


def free_port():
    """Find a port for the processes of a run to meet."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def is_running(pid):
    """Tell whether a process runs; it does not if its end awaits notice (a zombie)."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


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
    with tempfile.NamedTemporaryFile() as output, open(os.devnull) as nothing:
        files = [nothing.fileno(), output.fileno(), output.fileno()]
        processes = [
            _begin(command, folder, dict(os.environ, **more), map(os.dup, files))
            for more in variables
        ]
        for process in processes:
            process.join(timeout)
            process.kill()  # if it hangs
            process.join()
        said = Path(output.name).read_text()
    assert any(process.exitcode for process in processes) == fails, said[-4000:]
    return said


@cache
def quick_environment():
    """Make a folder like a virtual environment's: `bin/python` begins forks, too."""
    environment = Path(tempfile.mkdtemp(prefix="python"))  # short, as sockets ask for
    atexit.register(shutil.rmtree, environment, ignore_errors=True)
    (folder := environment / "bin").mkdir()
    shim = (Path(__file__).parent / "python_shim.py").read_text()
    (folder / "python").write_text(f"#!{sys.executable} -IS\n{shim}")
    (folder / "python").chmod(0o755)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "socket"))
    listener.listen()
    Thread(target=_listen, args=(listener,), daemon=True).start()
    return environment


def _listen(listener):
    while True:
        Thread(target=_serve, args=listener.accept()[:1], daemon=True).start()


def _serve(connection):
    """Run the program that a `python` is asked for, which does not outlive that."""
    with connection:
        _, files, *_ = socket.recv_fds(connection, 1, 3)
        with connection.makefile("rb") as request:
            process = _begin(*json.loads(request.readline()), files)
        wait([connection, process.sentinel])
        process.kill()
        process.join()
        with suppress(BrokenPipeError):  # the one who asked was killed
            connection.sendall(str(process.exitcode).encode())


def _begin(command, folder, environment, files):
    """Begin a program as a fork; it is handed the files 0, 1 and 2."""
    files = [Connection(file) for file in files]  # which can be sent
    process = FORKS.Process(target=_become, args=(command, folder, environment, *files))
    process.start()
    for file in files:
        file.close()
    return process


def _become(command, folder, environment, *files):
    """Be the program that a command starts: its end is that of this process."""
    for number, file in enumerate(files):
        os.dup2(file.fileno(), number)
        file.close()
    sys.stdin = os.fdopen(0, closefd=False)
    os.chdir(folder)
    _be_python(command, environment)


def _be_python(arguments, environment):
    """Do what Python does with its arguments."""
    os.environ.clear()
    os.environ.update(environment)
    what, *sys.argv = arguments
    if what == "-m":
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    elif what in ("-c", "-"):
        text = sys.argv[0] if what == "-c" else sys.stdin.read()
        sys.path.insert(0, "")
        exec(text, dict(__name__="__main__"))
    else:
        sys.argv = list(arguments)
        sys.path.insert(0, str(Path(what).parent))
        runpy.run_path(what, run_name="__main__")


def fork(args, env, **options):
    """Start a process of torchrun as a fork of it, which is its child all the same."""
    become = partial(_be_child, args[2:], env)  # after "python -u"
    return subprocess.Popen(args, preexec_fn=become, **options)


def _be_child(arguments, environment):
    """Be a program that was started, whatever the process was in the middle of."""
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = 1
    try:
        _be_python(arguments, environment)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
