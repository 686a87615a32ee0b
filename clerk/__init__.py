"""The language: what Clerk says (`signature`, `events`). Pure: no database, no clock of ours, no log."""
