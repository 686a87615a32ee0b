import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from db.tables import metadata
from dev import scenario
from tests.docs import settings_tables
from tests.faults.suite import matrix

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "docs/explanation/architecture.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LONGEST_README = 120


def test_the_reference_of_the_settings_is_current() -> None:
    """`python -m tests.docs.settings_tables` writes it."""
    assert settings_tables.PAGE.read_text() == settings_tables.reference()


def test_the_readme_stays_short() -> None:
    assert len(README.splitlines()) <= LONGEST_README


def test_every_figure_of_the_readmes_comparison_is_in_the_benchmarks() -> None:
    table = README.split("docs/benchmarks.md -->\n", 1)[1].split("<!-- /comparison", 1)[0]
    figures = re.findall(r"(?<=\| )[\d,.]+(?= (?:ms )?\|)", table)
    benchmarks = (ROOT / "docs/benchmarks.md").read_text()

    assert figures
    assert [figure for figure in figures if f"| {figure} |" not in benchmarks] == []


def test_every_delivery_in_the_readmes_output_is_one_of_the_demonstration() -> None:
    shown = re.findall(r"^│ (.+?) +│ \d{3} ", README, flags=re.MULTILINE)

    assert shown
    assert set(shown) <= {step.title for step in scenario.deliveries(scenario.Users(), 0)}


def test_every_row_of_the_fault_results_is_a_fault_of_the_suite() -> None:
    page = (ROOT / "docs/reference/faults.md").read_text().split("## Results", 1)[1]
    rows = set(re.findall(r"^\| (\w.*?) \| [\d,]+ \|", page, flags=re.MULTILINE))

    assert rows
    assert rows <= {fault.name for fault in matrix.EVERY}


def test_the_changelog_begins_with_the_version_of_the_project() -> None:
    released = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)

    assert next(each for each in released if each != "Unreleased") == PROJECT["project"]["version"]


def test_the_reference_has_every_column_of_every_table() -> None:
    page = (ROOT / "docs/reference/tables.md").read_text()
    sections = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    documented = {
        section.split("\n", 1)[0].strip("`"): re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)
        for section in sections
    }

    assert documented == {name: list(table.columns.keys()) for name, table in metadata.tables.items()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text())

    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_make_target_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"`?\$? ?make ([a-z-]+)", README))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))

    assert named
    assert named <= targets


@pytest.mark.parametrize("page", ["Makefile", "Procfile", *map(str, PAGES)])
def test_every_module_that_is_run_by_name_exists(page: str) -> None:
    modules = re.findall(r"python -m ([a-z_]+(?:\.[a-z_]+)*)", (ROOT / page).read_text())

    assert [module for module in modules if not find_spec(module)] == []


def test_ci_runs_the_test_command_of_the_readme_and_every_suite_that_it_leaves_out() -> None:
    makefile, ci = ((ROOT / name).read_text() for name in ("Makefile", ".ci/run"))
    targets = set(re.findall(r"^(test[a-z0-9-]*|image-test):", makefile, flags=re.MULTILINE)) - {"test-fast"}
    left_out = re.findall(r"^APART := (.*)$", makefile, flags=re.MULTILINE)[0].split(" or ")
    left_out.remove("image")  # its target is image-test

    assert "$ make test" in README
    assert {f"test-{suite}" for suite in left_out} <= targets
    assert set(re.findall(r"^suite (\S+)", ci, flags=re.MULTILINE)) == targets


def test_the_architecture_has_a_line_for_each_directory_of_the_project() -> None:
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]

    assert [name for name in (*packages, "tests", "bench", "deploy") if f"| `{name}/` |" not in ARCHITECTURE] == []


@pytest.mark.parametrize("page", ["docs/explanation/architecture.md", "CONTRIBUTING.md"])
def test_the_layers_that_a_page_names_are_those_that_are_checked(page: str) -> None:
    contract = PROJECT["tool"]["importlinter"]["contracts"][0]

    assert f"`{' > '.join(contract['layers'])}`" in (ROOT / page).read_text()


@pytest.mark.parametrize("page", ["docs/explanation/architecture.md", "CONTRIBUTING.md"])
def test_every_file_that_a_page_about_the_code_names_exists(page: str) -> None:
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    named = re.findall(rf"`((?:{'|'.join([*packages, 'tests', 'bench'])})/[\w/]+\.py)", (ROOT / page).read_text())

    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
