"""Common alternatives: small programs that do the same job, each with its own tables and queue."""
