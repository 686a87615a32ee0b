"""Text options follow the rules of the API, and invalid values exit with 2."""

from typing import Any

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from tests import people
from tests.ledger import rows

ASSIGN = ("roles", "assign", "user_ada", "MENTOR")
WITH_REASON = {
    "assign": ASSIGN,
    "extend": ("roles", "extend", "user_ada", "1", "--open"),
    "revoke": ("roles", "revoke", "user_ada", "1"),
    "discard": ("events", "discard", "--all"),
    "replay": ("events", "replay", "--all"),
    "reveal": ("events", "show", "msg_1", "--reveal"),
}


@pytest.mark.parametrize("words", WITH_REASON.values(), ids=WITH_REASON)
@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("", "give a reason"),
        ("  ", "give a reason"),
        ("x" * 100_000, "1,000 characters"),
        ("a\x1b[31m", "control characters"),
    ],
    ids=["empty", "blank", "long", "control"],
)
def test_reasons_that_the_api_refuses_are_refused(akako: Any, words: tuple[str, ...], reason: str, advice: str) -> None:
    done = akako(*words, "--reason", reason)

    assert (done.exit_code, advice in " ".join(done.output.split())) == (2, True)


@pytest.mark.parametrize("words", WITH_REASON.values(), ids=WITH_REASON)
@pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\x1b[31m", "grace\u202eecarg", "a\nb"], ids=ascii)
def test_invalid_or_misleading_names_are_refused(akako: Any, words: tuple[str, ...], name: str) -> None:
    done = akako(*words, "--reason", "Why.", "--by", name)

    assert (done.exit_code, "give a name" in done.output) == (2, True)


def test_reasons_and_names_are_stripped(engine: Engine, akako: Any) -> None:
    people.add(engine, "user_ada")

    akako(*ASSIGN, "--reason", " Teaches the course.\n", "--by", " grace ")

    assert rows(engine, "select actor, reason from audit_log where role = 'MENTOR'") == [
        ("operator:grace", "Teaches the course.")
    ]


def test_notes_have_the_limit_of_the_api(engine: Engine, akako: Any) -> None:
    people.add(engine, "user_ada")

    assert akako(*ASSIGN, "--reason", "Why.", "--notes", "x" * 4_001).exit_code == 2
    assert akako(*ASSIGN, "--reason", "Why.", "--notes", "One.\nTwo.").exit_code == 0


def test_without_a_usable_system_user_by_is_required(
    engine: Engine, akako: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.add(engine, "user_ada")
    monkeypatch.setenv("LOGNAME", "gr\x1bace")

    done = akako(*ASSIGN, "--reason", "Why.")

    assert (done.exit_code, "--by" in done.output) == (2, True)


OF_A_USER = {
    "audit": ("audit",),
    "audit as JSON": ("audit", "--all", "--json"),
    "events": ("events", "list"),
    "event ids": ("events", "list", "--ids"),
    "replay": ("events", "replay", "--reason", "Why."),
    "preview": ("events", "replay", "--preview"),
    "discard": ("events", "discard", "--reason", "Why."),
}


@pytest.mark.parametrize("words", OF_A_USER.values(), ids=OF_A_USER)
@pytest.mark.parametrize("mistyped", ["user_adda", "user ada", "user_ädа"])
def test_an_unknown_user_id_exits_with_2(engine: Engine, akako: Any, words: tuple[str, ...], mistyped: str) -> None:
    people.add(engine, "user_ada")

    done = akako(*words, "--user", mistyped)

    assert done.exit_code == 2
    assert "There is no user user_adda" in done.output or "give a Clerk id" in done.output


@pytest.mark.parametrize("words", OF_A_USER.values(), ids=OF_A_USER)
def test_a_known_user_without_results_is_no_error(engine: Engine, akako: Any, words: tuple[str, ...]) -> None:
    people.add(engine, "user_ada")

    assert (
        akako(*words, "--user", "user_ada", "--since", "2024-01-01T00:00Z", "--until", "2024-01-02T00:00Z").exit_code
        == 0
    )


RANGES = [
    *((words, "since", "until") for words in OF_A_USER.values()),
    *((words, "occurred-since", "occurred-until") for words in OF_A_USER.values() if words[0] == "events"),
]


@pytest.mark.parametrize(("words", "since", "until"), RANGES)
@pytest.mark.parametrize("end", ["2026-09-01T08:00:00Z", "2026-09-01T09:59:59.999999+02:00"])
def test_an_empty_range_exits_with_2(akako: Any, words: tuple[str, ...], since: str, until: str, end: str) -> None:
    done = akako(*words, f"--{since}", "2026-09-01T08:00:00Z", f"--{until}", end)

    assert (done.exit_code, f"--{since} must be before --{until}" in " ".join(done.output.split())) == (2, True)


TIMES = {
    "at": ("roles", "at", "user_ada"),
    "start": (*ASSIGN, "--reason", "Why.", "--start"),
    "end": (*ASSIGN, "--reason", "Why.", "--end"),
    "extend": ("roles", "extend", "user_ada", "1", "--reason", "Why.", "--end"),
    "explain": ("explain", "user_ada", "MENTOR", "--at"),
    "audit": ("audit", "--since"),
    "events": ("events", "list", "--occurred-until"),
}


@pytest.mark.parametrize("words", TIMES.values(), ids=TIMES)
@pytest.mark.parametrize(
    ("time", "advice"),
    [
        ("9999-12-31T23:59:59-05:00", "before the year 9000"),
        ("2027-02-29T08:00:00Z", "does not exist"),
        ("2027-01-01T24:00:00Z", "of the next day"),
        ("2027-01-01T08:00:00.123456789Z", "six digits"),
        ("2027-01-01T08:00:00", "add a time zone"),
    ],
)
def test_an_invalid_time_exits_with_2_and_the_reason(
    akako: Any, words: tuple[str, ...], time: str, advice: str
) -> None:
    done = akako(*words, time)

    assert (done.exit_code, advice in " ".join(done.output.split())) == (2, True)


def test_the_end_printed_for_an_overlap_is_a_valid_start(engine: Engine, akako: Any) -> None:
    people.add(engine, "user_ada")
    akako(*ASSIGN, "--reason", "Why.", "--end", "2200-01-01T00:00:00.123456Z")

    refused = akako(*ASSIGN, "--reason", "Why.", "--start", "2200-01-01T00:00:00Z")
    until = refused.output.split(" until ")[1].split()[0].removesuffix(".")
    assert until == "2200-01-01T00:00:00.123456Z"

    assert akako(*ASSIGN, "--reason", "Why.", "--start", until).exit_code == 0
    assert people.find(engine, "user_ada").roles == (Role.LEARNER, Role.MENTOR)
