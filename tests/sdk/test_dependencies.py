"""What the package imports is what it declares, whatever else is installed beside it."""

import ast
import re
import sys
import tomllib
from pathlib import Path

SDK = Path(__file__).parents[2] / "sdk/python"
DISTRIBUTIONS = {"jwt": "pyjwt"}
"""The distributions whose import root has another name."""


def imported() -> set[str]:
    """The import roots that any module of the package names, in functions too."""
    nodes = [node for path in SDK.rglob("akako_guard/**/*.py") for node in ast.walk(ast.parse(path.read_text()))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {name.partition(".")[0] for name in names}


def test_every_import_is_a_declared_dependency_and_the_other_way_round() -> None:
    project = tomllib.loads((SDK / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[\[>=]", requirement)[0] for requirement in project["dependencies"]}
    others = imported() - sys.stdlib_module_names - {"akako_guard"}
    assert {DISTRIBUTIONS.get(name, name) for name in others} == declared
