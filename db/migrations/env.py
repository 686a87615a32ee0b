"""Runs migrations on the connection of `db.migrate`. They cannot be run from Alembic's command line."""

from typing import Any

from alembic import context

guard = context.config.attributes["guard"]


def check_guard(*_: Any, **__: Any) -> None:
    """Fail inside the transaction of the migration if the connection that holds the migration lock is lost."""
    guard.execute("select 1")


context.configure(
    connection=context.config.attributes["connection"],
    transaction_per_migration=True,
    version_table_schema="akako",
    on_version_apply=check_guard,
)
with context.begin_transaction():
    context.run_migrations()
