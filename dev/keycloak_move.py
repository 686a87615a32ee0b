"""Moves the invented school to the development Clerk with the commands of `akako keycloak`, and checks the outcome."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from akako_guard.role import Role
from clerk.user_writer import UserWriter
from db import role_imports
from dev import keycloak_school, procfile, queries
from dev.expectations import Expectation
from dev.keycloak_school import REALM, Person
from dev.stack import Stack

AKAKO = (sys.executable, "-c", "from cli.main import main; main()")
PATIENCE_SECONDS = 120
PER_SECOND = "20"
WHY = ("--yes", "--by", "grace", "--reason", "For the demonstration.")
Windows: TypeAlias = list[tuple[Role, datetime, datetime | None]]


@dataclass(frozen=True, slots=True)
class Command:
    """A command that was run."""

    words: tuple[str, ...]
    code: int
    answer: dict[str, Any] | list[Any]
    """Its JSON; empty if it printed none."""
    complaint: str

    def __str__(self) -> str:
        """As it is typed."""
        return f"akako keycloak {' '.join(self.words)}"


@dataclass(slots=True)
class Move:
    """What happened."""

    everyone: list[Person]
    commands: list[Command] = field(default_factory=list)
    windows: dict[str, Windows] = field(default_factory=dict)
    """The roles in our tables, by Keycloak's id."""
    passwords: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    """Whether Clerk accepts the password of Keycloak, and whether it accepts another one, by Keycloak's id."""
    left: int = 0
    """Persons that are users at Clerk or here after the import was undone."""

    def planned(self) -> dict[str, dict[str, Any]]:
        """The users of the plan, by Keycloak's id."""
        answer = next(each.answer for each in self.commands if each.words[0] == "plan")
        items = answer.get("items", ()) if isinstance(answer, dict) else ()
        return {each["keycloak_id"]: each for each in items}


def run(stack: Stack, place: Path, say: Callable[[str], None]) -> Move:
    """Write the export, run every command, and read what Clerk and our tables have then."""
    move = Move(keycloak_school.persons())
    keycloak_school.write(place, move.everyone)
    for words in (
        ("inspect", "export", "--realm", REALM),
        ("plan", "export", "--map", "map.toml", "--events", "admin-events.json"),
        ("canary",),
        ("import", "1", "export"),
        ("import", "1", "export"),
        ("parity", "1", "export"),
    ):
        _step(stack, place, move, words, say)
    say("comparing")
    _read(stack, move)
    for last in (
        ("cutover", "1", "export", "--events", "admin-events.json", *WHY),
        ("cutover", "1", "--back", *WHY),
        ("undo", "1", *WHY),
    ):
        _step(stack, place, move, last, say)
    move.left = _left(stack, [each.id for each in move.everyone])
    return move


def _left(stack: Stack, ids: Sequence[str]) -> int:
    """How many of these users of Keycloak are users at Clerk, or here."""
    with stack.engine.connect() as connection:
        here = {each.who for each in role_imports.subjects(connection, "external-id", ids)}
    with closing(_writer(stack)) as writer:
        return len(here | set(writer.find_all(ids)))


def _writer(stack: Stack) -> UserWriter:
    return UserWriter(stack.environment["CLERK_SECRET_KEY"], stack.environment["CLERK_API_URL"])


def _step(stack: Stack, place: Path, move: Move, words: tuple[str, ...], say: Callable[[str], None]) -> None:
    say(f"akako keycloak {' '.join(words)}")
    move.commands.append(_run(stack, place, words))


def _run(stack: Stack, place: Path, words: tuple[str, ...]) -> Command:
    settings = {"CLERK_REQUESTS_PER_SECOND": PER_SECOND, "PYTHONPATH": str(procfile.PATH.parent)}
    ended = subprocess.run(  # noqa: S603 - our own command
        [*AKAKO, "keycloak", *words, "--json"],
        env={**os.environ, **stack.environment, **settings},
        cwd=place,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    try:
        answer = json.loads(ended.stdout)
    except ValueError:
        answer = {}
    return Command(words, ended.returncode, answer, ended.stderr.strip())


def _read(stack: Stack, move: Move) -> None:
    with stack.engine.connect() as connection:
        ids = [each.id for each in move.everyone]
        found = {each.who: each.clerk_id for each in role_imports.subjects(connection, "external-id", ids)}
        keys = {clerk_id: key for key, clerk_id in found.items()}
        for each in queries.assignments(connection, list(keys)):
            held = each.assignment
            window = (held.role, held.effective_start_date, held.effective_end_date)
            move.windows.setdefault(keys[each.clerk_id], []).append(window)
    with closing(_writer(stack)) as writer:
        for person in move.everyone:
            if person.password and person.id in found:
                right = writer.verifies(found[person.id], person.password)
                other = writer.verifies(found[person.id], f"not {person.password}")
                move.passwords[person.id] = (right is True, other is True)


def check(move: Move) -> list[Expectation]:
    """Check what is expected of every command and person."""
    return [*_commands(move), *_fates(move), *_roles(move), *_passwords(move)]


def _commands(move: Move) -> Iterator[Expectation]:
    for each in move.commands:
        yield Expectation(f"`{each}` ends with exit code 0", each.code == 0)
    answers = [each.answer for each in move.commands if isinstance(each.answer, dict)]
    imports = [each for each in answers if "worked_on" in each]
    yield Expectation("the second import sends and writes nothing", len(imports) == 2 and not imports[1]["worked_on"])
    found = {each.words[0]: each.answer for each in move.commands if isinstance(each.answer, dict) and each.answer}
    same = found.get("parity", {}).get("unexplained") == 0
    yield Expectation("export, Clerk and our tables have no unexplained difference", same)
    yield Expectation("nothing stands in the way of the cutover", found.get("cutover", {}).get("obstacles") == [])
    planned = sum(person.fate == "planned" for person in move.everyone)
    undone = found.get("undo", {}).get("counts") == {"undone": planned}
    yield Expectation("undoing deletes everyone who was imported, at Clerk and here", undone and not move.left)


def _fates(move: Move) -> Iterator[Expectation]:
    found = move.planned()
    yield Expectation("the plan decides about everyone", found.keys() == {each.id for each in move.everyone})
    for person in move.everyone:
        planned = found.get(person.id, {"fate": "missing", "reasons": []})
        reason = person.reason is None or person.reason in planned["reasons"]
        text = f"{person.name} is {person.fate}" + (f" ({person.reason})" if person.reason else "")
        yield Expectation(text, planned["fate"] == person.fate and reason)


def _roles(move: Move) -> Iterator[Expectation]:
    since = move.commands[1].answer
    exported_at = datetime.fromisoformat(since["run"]["exported_at"]) if isinstance(since, dict) and since else None
    for person in move.everyone:
        expected = {(each.role, each.start or exported_at, each.end) for each in person.windows}
        found = set(move.windows.get(person.id, ()))
        names = ", ".join(each.role for each in person.windows) or "no role"
        yield Expectation(f"{person.name} has {names}, from and until when Keycloak says", found == expected)


def _passwords(move: Move) -> Iterator[Expectation]:
    for person in move.everyone:
        if person.password:
            verified = move.passwords.get(person.id) == (True, False)
            yield Expectation(f"{person.name}'s password works at Clerk, and no other does", verified)


def summary(move: Move) -> Sequence[tuple[str, str, str, str, str]]:
    """A row for each person: name, fate, reasons, password, roles with their windows."""
    planned = move.planned()
    rows = []
    for person in move.everyone:
        found = planned.get(person.id, {"fate": "missing", "reasons": []})
        worked = {(True, False): "works", None: ""}.get(move.passwords.get(person.id), "does not work")
        windows = sorted(move.windows.get(person.id, ()), key=lambda each: (each[0], each[1]))
        roles = ", ".join(
            f"{role} {start:%Y-%m-%d} - {f'{end:%Y-%m-%d}' if end else ''}" for role, start, end in windows
        )
        rows.append((person.name, found["fate"], ", ".join(found["reasons"]), worked, roles))
    return rows
