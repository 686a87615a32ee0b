"""Runs migrations over the connection that `db.migrate` opened; there is no other way to run them."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
