"""The matrix of what each role may do with the API: `python -m tests.docs.permissions` writes it."""

from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

from akako_guard.role import Role
from api.operation import Operation
from api.operations import OPERATIONS

PAGE = Path(__file__).parents[2] / "docs/reference/permissions.md"
BEGIN, END = "<!-- generated -->\n", "<!-- /generated -->"
NO_USER, NO_ROLE = "not stored yet", "no role"


def table() -> str:
    """The table as Markdown."""
    roles = [role.value for role in Role]
    head = ["operation", "does", NO_USER, NO_ROLE, *roles]
    return "\n".join(
        "| " + " | ".join(row) + " |" for row in (head, ["---"] * 2 + [":-:"] * (len(head) - 2), *_rows(roles))
    )


def _rows(roles: list[str]) -> Iterator[list[str]]:
    for operation in OPERATIONS:
        summary = " ".join(cleandoc(operation.run.__doc__ or "").partition("\n\n")[0].split())
        allowed = [_allows(operation, None), _allows(operation, set()), *(_allows(operation, {role}) for role in roles)]
        yield [f"`{operation.method} {operation.path}`", summary, *("yes" if each else "" for each in allowed)]


def _allows(operation: Operation, held: set[str] | None) -> bool:
    """Whether a caller with these roles may call it; None: the user is not stored yet."""
    if operation.requires is None:
        return True
    required = {role.value for role in operation.requires.roles}
    if held is None or not required:
        return held is not None
    return required <= held if operation.requires.all_of else bool(required & held)


def written(page: str) -> str:
    """The page with the current table."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}{table()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
