"""Asks Clerk for its users and brings our tables in step: backfill."""
