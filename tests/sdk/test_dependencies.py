"""What the package imports is what it declares, whatever else is installed beside it."""

import ast
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SDK = ROOT / "sdk/python"
PROJECT = tomllib.loads((SDK / "pyproject.toml").read_text())["project"]
DISTRIBUTIONS = {"jwt": "pyjwt"}
"""The distributions whose import root has another name."""


def imported() -> set[str]:
    """The import roots that any module of the package names, in functions too."""
    nodes = [node for path in SDK.rglob("akako_guard/**/*.py") for node in ast.walk(ast.parse(path.read_text()))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {name.partition(".")[0] for name in names}


def test_every_import_is_a_declared_dependency_and_the_other_way_round() -> None:
    declared = {re.split(r"[\[>=]", requirement)[0] for requirement in PROJECT["dependencies"]}
    others = imported() - sys.stdlib_module_names - {"akako_guard"}
    assert {DISTRIBUTIONS.get(name, name) for name in others} == declared


def test_the_service_locks_what_the_package_requires() -> None:
    """It installs the package with `--no-deps`, so that no installer compares them."""
    lines = (ROOT / "requirements/runtime.txt").read_text()
    locked = dict(re.findall(r"^([a-z0-9-]+)(?:\[\w+\])?==([0-9.]+)", lines, flags=re.MULTILINE))
    for requirement in PROJECT["dependencies"]:
        name, least = re.split(r"(?:\[\w+\])?>=", requirement)
        assert as_numbers(locked[name]) >= as_numbers(least)


def as_numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
