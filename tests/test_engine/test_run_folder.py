"""A folder is for one run at a time."""

import multiprocessing
import os
import signal
import time

import pytest

from lpt_mm.engine.start import lock_run_folder, unlock_run_folder


def hold(folder, pipe):
    """Lock a folder, as a run with a data loader that was forked does."""
    lock_run_folder(folder)
    loader = multiprocessing.get_context("fork").Process(target=time.sleep, args=(300,))
    loader.start()
    pipe.send(loader.pid)
    time.sleep(300)


def test_a_run_that_was_killed_does_not_lock_its_folder(tmp_path):
    here, there = multiprocessing.Pipe()
    fork = multiprocessing.get_context("fork")
    run = fork.Process(target=hold, args=(tmp_path, there))
    run.start()
    loader = here.recv()
    with pytest.raises(BlockingIOError, match="another run is at work in"):
        lock_run_folder(tmp_path)
    run.kill()
    run.join()
    os.kill(loader, 0)  # it outlives the run
    lock_run_folder(tmp_path)
    unlock_run_folder(tmp_path)
    os.kill(loader, signal.SIGKILL)
