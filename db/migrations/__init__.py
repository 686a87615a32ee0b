"""Hand-written Alembic migrations: one purpose each, named by a sentence, with a downgrade."""
