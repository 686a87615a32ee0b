"""Runs migrations over the connection that `db.migrate` opened; there is no other way to run them."""

from typing import Any

from alembic import context

guard = context.config.attributes["guard"]


def check_guard(*_: Any, **__: Any) -> None:
    """Fail inside the migration's transaction if the connection that keeps other migrations out is gone."""
    guard.execute("select 1")


context.configure(
    connection=context.config.attributes["connection"],
    transaction_per_migration=True,
    version_table_schema="akako",
    on_version_apply=check_guard,
)
with context.begin_transaction():
    context.run_migrations()
