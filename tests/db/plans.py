"""How PostgreSQL finds what it is asked for."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, event

Question = Callable[[Connection], object]


def plan(engine: Engine, question: Question) -> dict[str, Any]:
    """How PostgreSQL answers the last statement of a question."""
    said: list[tuple[str, Any]] = []
    with engine.begin() as connection:

        @event.listens_for(connection, "before_cursor_execute")
        def hear(_c: object, _cursor: object, statement: str, parameters: Any, _x: object, _many: bool) -> None:
            said.append((statement, parameters))

        question(connection)
        statement, parameters = said[-1]
        explained = connection.exec_driver_sql(f"explain (analyze, buffers, format json) {statement}", parameters)
        found: dict[str, Any] = explained.scalar_one()[0]["Plan"]
        return found


def scans(node: dict[str, Any]) -> set[str]:
    """The tables that are read from end to end."""
    own = {node["Relation Name"]} if node["Node Type"].endswith("Seq Scan") else set()
    return own.union(*(scans(child) for child in node.get("Plans", [])))
