"""Faults by the hundred; docs/reliability.md has the figures."""

import pytest

from tests.conftest import ROOT

SCRIPTS = ROOT / "tests" / "reliability"


def test_some_damaged_checkpoints_are_refused_or_read_rightly(run_tool):
    run_tool(SCRIPTS / "mutate_checkpoints.py", "--files", 150)


@pytest.mark.slow
def test_many_damaged_checkpoints_are_refused_or_read_rightly(run_tool):
    run_tool(SCRIPTS / "mutate_checkpoints.py", "--files", 2000, "--seed", 1)


def test_some_hostile_checkpoints_do_no_harm(run_tool):
    run_tool(SCRIPTS / "attack_checkpoints.py", "--files", 6)


@pytest.mark.slow
def test_many_hostile_checkpoints_do_no_harm(run_tool):
    run_tool(SCRIPTS / "attack_checkpoints.py", "--files", 2000, timeout=7200)


@pytest.mark.slow
def test_kills_at_random_moments_lose_nothing(run_tool):
    run_tool(SCRIPTS / "kill_and_resume.py", "--rounds", 200, timeout=3600)


def test_some_histories_of_runs_are_as_a_model_says(run_tool):
    ways = ("--ways", "tool", "runner")
    run_tool(SCRIPTS / "run_histories.py", "--histories", 2, *ways)


@pytest.mark.slow
def test_many_histories_of_runs_are_as_a_model_says(run_tool):
    run_tool(SCRIPTS / "run_histories.py", "--histories", 100, timeout=7200)


@pytest.mark.slow
def test_a_disk_that_is_full_loses_nothing(run_tool):
    run_tool(SCRIPTS / "fill_disk.py")


def test_some_damaged_images_are_refused_or_read(run_tool):
    run_tool(SCRIPTS / "mutate_images.py", "--files", 150)


@pytest.mark.slow
def test_many_damaged_images_are_refused_or_read(run_tool):
    run_tool(SCRIPTS / "mutate_images.py", "--files", 2000, "--seed", 1)
