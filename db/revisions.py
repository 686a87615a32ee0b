"""The migrations of this version, read from their files without importing Alembic."""

import ast
from functools import cache
from pathlib import Path

MIGRATIONS = Path(__file__).with_name("migrations")


@cache
def missing(revision: str | None) -> tuple[str, ...]:
    """The names of the migrations that are missing at this revision, in order.

    An unknown revision counts as complete: the database was migrated for a newer version, which may be deployed next.
    """
    names = _names()
    if revision is not None and revision not in names:
        return ()
    return tuple(name for known, name in names.items() if revision is None or known > revision)


def _names() -> dict[str, str]:
    """The first line of each migration's docstring by its revision, which is how the name of its file begins."""
    files = sorted((MIGRATIONS / "versions").glob("[0-9]*.py"))
    return {file.name.partition("_")[0]: _summary(file) for file in files}


def _summary(file: Path) -> str:
    docstring = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    return docstring.partition("\n\n")[0]
