"""The checks before a commit and on every push are those of the repository."""

import tomllib

import yaml

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]


def read(path):
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def test_every_push_runs_the_checks_on_all_versions_of_python():
    (job,) = read(".github/workflows/tests.yml")["jobs"].values()
    assert any(step.get("run") == "bash tools/run_tests.sh" for step in job["steps"])
    wanted = (ROOT / "tools" / "setup_env.sh").read_text(encoding="utf-8")
    for version in job["strategy"]["matrix"]["python"]:
        assert f"python{version}" in wanted
    oldest = PROJECT["requires-python"].removeprefix(">=")
    assert job["strategy"]["matrix"]["python"] == [oldest, "3.12", "3.13"]


def test_checks_before_a_commit_are_of_the_releases_of_the_tests():
    repos = read(".pre-commit-config.yaml")["repos"]
    releases = {repo["repo"].split("/")[-1]: repo["rev"] for repo in repos}
    needed = PROJECT["optional-dependencies"]["test"]
    pins = dict(line.split("==") for line in needed if "==" in line)
    assert releases["ruff-pre-commit"] == f"v{pins['ruff']}"
    assert releases["codespell"] == f"v{pins['codespell']}"


def test_forms_of_issues_have_what_github_asks_for():
    for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"):
        form = read(path)
        assert form["name"] and form["description"]
        fields = [part for part in form["body"] if part["type"] != "markdown"]
        assert all(part["id"] and part["attributes"]["label"] for part in fields)


def test_the_citation_is_of_this_version():
    citation = read("CITATION.cff")
    init = (ROOT / "lpt_mm" / "version.py").read_text(encoding="utf-8")
    assert f'__version__ = "{citation["version"]}"' in init
    assert citation["license"] == PROJECT["license"]
