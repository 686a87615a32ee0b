import re
from pathlib import Path

import pytest

from db.tables import metadata
from tests.docs import settings_tables

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])


def test_the_readme_has_every_setting_as_it_is() -> None:
    written = README.split("not current -->\n", 1)[1].split("\n<!-- /settings", 1)[0]

    assert written == settings_tables.short_table()


def test_the_reference_has_every_setting_as_it_is() -> None:
    assert (ROOT / "docs/reference/settings.md").read_text() == settings_tables.reference()


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


def test_ci_runs_the_test_command_of_the_readme_and_every_suite_that_it_leaves_out() -> None:
    makefile, ci = ((ROOT / name).read_text() for name in ("Makefile", ".ci/run"))
    targets = set(re.findall(r"^(test[a-z0-9-]*):", makefile, flags=re.MULTILINE)) - {"test-fast"}
    left_out = re.findall(r"^APART := (.*)$", makefile, flags=re.MULTILINE)[0].split(" or ")

    assert "$ make test" in README
    assert {f"test-{suite}" for suite in left_out} <= targets
    assert set(re.findall(r"^suite (\S+)", ci, flags=re.MULTILINE)) == targets


def test_every_file_that_the_explanation_names_exists() -> None:
    page = (ROOT / "docs/explanation/how-it-works.md").read_text()
    named = re.findall(
        r"`((?:config|clerk|db|health|serving|sync|roles|access|webhooks|worker|api|dev|cli)/\w+\.py)", page
    )

    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
