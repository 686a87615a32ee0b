"""Prints what a replay or a repair would change."""

from typing import Any

from cli import output
from sync.difference import Change, Difference


def show(changes: Difference) -> None:
    """Print the rows before and after, and the new lines of the audit trail."""
    output.table(
        "What would change",
        ("User", "Row", "Before", "After"),
        (
            (each.clerk_user_id, _row_name(each), _row(each.before), _row(each.after))
            for each in (*changes.users, *changes.roles)
        ),
    )
    output.audit_lines("Lines that would be added to the audit trail", changes.lines)


def _row_name(change: Change) -> str:
    if change.role is None:
        return "user"
    return f"{change.role} {change.assignment_id}" if change.assignment_id else f"{change.role}, new"


def _row(row: dict[str, Any] | None) -> str:
    return "\n".join(f"{name}: {value}" for name, value in row.items()) if row is not None else "(nothing)"
