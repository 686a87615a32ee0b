"""Formats the outcome of the demonstration as tables or JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from rich.console import Console
from rich.table import Table

from db.user_search import UserEntry
from dev.api_checks import Reply
from dev.expectations import Expectation, Outcome, answer_word
from dev.scenario import Step

WIDTH_OF_A_PIPE = 150


def console() -> Console:
    """A console on standard output, with the width of the terminal, or wide enough for every table in a pipe."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=WIDTH_OF_A_PIPE)


def tables(scenario: Sequence[Step], outcome: Outcome) -> list[Table]:
    """Deliveries, users, the API's answers, persons at Clerk, roles and the audit trail, in this order."""
    names = {user.clerk_id: _name(user) for user in outcome.users}
    return [
        _deliveries(scenario, outcome),
        _users(outcome),
        _replies("API requests", "Request", outcome.replies),
        _replies("Persons at Clerk", "What happens at Clerk", [each.reply for each in outcome.followed]),
        _roles(outcome, names),
        _trail(scenario, outcome, names),
    ]


def summary(expectations: Sequence[Expectation]) -> list[str]:
    """One line for each expectation, and a total."""
    lines = [f"[green]✓[/] {each.text}" if each.holds else f"[red]✗ {each.text}[/]" for each in expectations]
    failed = sum(not each.holds for each in expectations)
    total = f"[red]{failed} of {len(lines)} do not hold.[/]" if failed else f"[green]All {len(lines)} hold.[/]"
    return [*lines, "", total]


def as_json(scenario: Sequence[Step], outcome: Outcome, expectations: Sequence[Expectation]) -> str:
    """The outcome as one JSON object; `ok` is true if every expectation holds."""
    deliveries = [
        {"title": step.title, "svix_id": step.svix_id, "status": answer.status, "answer": answer_word(answer)}
        for step, answer in zip(scenario, outcome.answers, strict=True)
    ]
    result = {
        "ok": all(each.holds for each in expectations),
        "expectations": [asdict(each) for each in expectations],
        "deliveries": deliveries,
        "users": [asdict(each) for each in outcome.users],
        "persons": [asdict(each.reply) for each in outcome.followed],
        "api": [asdict(each) for each in outcome.replies],
        "roles": [{"clerk_id": each.clerk_id, **asdict(each.assignment)} for each in outcome.assignments],
        "audit": [asdict(each) for each in outcome.trail],
    }
    return json.dumps(result, ensure_ascii=False, default=datetime.isoformat)


def _table(title: str, *columns: str) -> Table:
    return Table(*columns, title=title, title_justify="left", title_style="bold")


def _deliveries(scenario: Sequence[Step], outcome: Outcome) -> Table:
    table = _table("Deliveries and answers", "Delivery", "Answer", "Event", "Reason")
    for step, answer in zip(scenario, outcome.answers, strict=True):
        status, why = outcome.events.get(step.svix_id, ("not stored", None))
        table.add_row(step.title, f"{answer.status} {answer_word(answer)}", status, why)
    return table


def _users(outcome: Outcome) -> Table:
    table = _table("Users", "Clerk id", "Name", "E-mail", "Deleted at (UTC)")
    for user in outcome.users:
        table.add_row(user.clerk_id, _full_name(user), user.email, _moment(user.deleted_at))
    return table


def _replies(title: str, what: str, replies: Sequence[Reply]) -> Table:
    table = _table(title, what, "Status", "Roles in the answer")
    for each in replies:
        table.add_row(each.request, str(each.status), ", ".join(each.roles))
    return table


def _roles(outcome: Outcome, names: dict[str, str]) -> Table:
    table = _table("Roles and their windows (UTC)", "User", "Role", "From", "Until", "Held now", "Reason")
    for each in outcome.assignments:
        found = each.assignment
        window = (_moment(found.effective_start_date), _moment(found.effective_end_date) or "open")
        why = found.end_reason or found.reason
        table.add_row(names[each.clerk_id], found.role, *window, "yes" if found.held else "no", why)
    return table


def _trail(scenario: Sequence[Step], outcome: Outcome, names: dict[str, str]) -> Table:
    titles = {step.svix_id: step.title for step in reversed(scenario)}
    table = _table("Audit trail", "At (UTC)", "Action", "User", "Role", "Actor", "Cause")
    for line in outcome.trail:
        because = titles.get(line.cause or "") or line.reason
        table.add_row(
            _moment(line.at),
            line.action,
            names[line.clerk_user_id or ""],
            line.role,
            names.get(line.actor, line.actor),
            because,
        )
    return table


def _name(user: UserEntry) -> str:
    return _full_name(user) or f"{user.clerk_id[:12]}…"


def _full_name(user: UserEntry) -> str:
    return " ".join(filter(None, [user.first_name, user.last_name]))


def _moment(at: datetime | None) -> str | None:
    return f"{at:%H:%M:%S}" if at else None
