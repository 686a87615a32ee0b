"""Reads query plans."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, event

Question = Callable[[Connection], object]


def plan(engine: Engine, question: Question) -> dict[str, Any]:
    """The executed plan of the last statement that `question` runs."""
    statements: list[tuple[str, Any]] = []
    with engine.begin() as connection:

        @event.listens_for(connection, "before_cursor_execute")
        def record(_c: object, _cursor: object, statement: str, parameters: Any, _x: object, _many: bool) -> None:
            statements.append((statement, parameters))

        question(connection)
        statement, parameters = statements[-1]
        explained = connection.exec_driver_sql(f"explain (analyze, buffers, format json) {statement}", parameters)
        found: dict[str, Any] = explained.scalar_one()[0]["Plan"]
        return found


def scans(node: dict[str, Any]) -> set[str]:
    """The tables that are read with a sequential scan."""
    own = {node["Relation Name"]} if node["Node Type"].endswith("Seq Scan") else set()
    return own.union(*(scans(child) for child in node.get("Plans", [])))
