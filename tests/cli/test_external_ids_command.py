"""`akako users set-external-ids`: sets ids once, never takes one away, and says which lines were refused."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import Engine

from tests.ledger import values
from tests.served_clerk import ServedClerk, served_clerk

pytestmark = pytest.mark.clerk

STORED = "select external_id from users where clerk_id = %s"


@pytest.fixture
def instance() -> Iterator[ServedClerk]:
    with served_clerk() as running:
        yield running


@pytest.fixture
def run(akako: Any, instance: ServedClerk, tmp_path: Path, engine: Engine) -> Callable[..., Result]:
    """Runs the command with a file of these lines."""

    def run(*lines: str, options: tuple[str, ...] = (), **environment: str) -> Result:
        file = tmp_path / "ids.csv"
        file.write_text("\n".join(lines) + "\n")
        given = {"CLERK_SECRET_KEY": instance.key, "CLERK_API_URL": instance.url, "CLERK_REQUESTS_PER_SECOND": "100"}
        found: Result = akako("users", "set-external-ids", str(file), *options, **given | environment)
        return found

    return run


def external_id(instance: ServedClerk, clerk_id: str) -> str | None:
    return instance.instance.state.users[clerk_id].external_id


def test_ids_are_set_once_and_kept(engine: Engine, instance: ServedClerk, run: Callable[..., Result]) -> None:
    ada, grace, joan, alan = instance.create(4)
    instance.create(1, external_id="taken")
    [kept] = instance.create(1, external_id="keycloak-7")
    lines = ["clerk_id,external_id", f"{ada},cuid1", f"{kept},cuid2", "user_none,cuid3", f"{grace},taken", f"{joan},+4"]

    preview = run(*lines, options=("--dry-run", "--json"))
    assert (preview.exit_code, json.loads(preview.stdout)["set"]) == (1, 3)
    assert external_id(instance, ada) is None

    first = run(*lines, options=("--json",))
    printed = json.loads(first.stdout)
    assert (first.exit_code, printed["set"], printed["present"], printed["refused"]) == (1, 2, 0, 3)
    assert [each["line"] for each in printed["refused_lines"]] == [3, 4, 5]
    assert [external_id(instance, each) for each in (ada, kept, grace, joan, alan)] == [
        "cuid1",
        "keycloak-7",
        None,
        "+4",
        None,
    ]
    assert values(engine, STORED, ada) == ["cuid1"]

    again = run(*lines[:2])
    assert (again.exit_code, again.stdout.strip()) == (0, "Set: 0. Set already: 1. Refused: 0.")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("id,external_id", "user_1,a"), "the first line has to be clerk_id,external_id"),
        (("clerk_id,external_id", "user_1"), "line 2: give a Clerk id"),
        (("clerk_id,external_id", "user_1,"), "line 2: give a Clerk id"),
        (("clerk_id,external_id", "user 1,a"), "line 2: give a Clerk id"),
        (("clerk_id,external_id", f"user_1,{'a' * 2_049}"), "line 2: give a Clerk id"),
        (("clerk_id,external_id", "user_1,a", "user_1,b"), "lines 2 and 3 have the same user"),
        (("clerk_id,external_id", 'user_1,"a'), "is not CSV in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_changes_nothing(
    instance: ServedClerk, run: Callable[..., Result], lines: tuple[str, ...], message: str
) -> None:
    result = run(*lines)
    assert (result.exit_code, message in result.stderr) == (1, True)
    assert "Traceback" not in result.stderr


def test_a_missing_file_is_named(akako: Any, instance: ServedClerk, tmp_path: Path) -> None:
    given = {"CLERK_SECRET_KEY": instance.key, "CLERK_API_URL": instance.url}
    result = akako("users", "set-external-ids", str(tmp_path / "none.csv"), **given)
    assert (result.exit_code, "is not a file" in result.stderr) == (1, True)


def test_another_instance_is_refused(engine: Engine, instance: ServedClerk, run: Callable[..., Result]) -> None:
    [ada] = instance.create()
    assert run("clerk_id,external_id", f"{ada},cuid1").exit_code == 0
    with served_clerk() as other:
        [eve] = other.create()
        lines = ("clerk_id,external_id", f"{eve},cuid9")
        result = run(*lines, CLERK_SECRET_KEY=other.key, CLERK_API_URL=other.url)
        assert (result.exit_code, external_id(other, eve)) == (1, None)
