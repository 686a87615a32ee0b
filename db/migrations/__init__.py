"""Alembic's migrations, written by hand: one thought each, with a sentence for a name, and a way back."""
