"""PostgreSQL and Redis servers from Python packages, for development and tests. Not used in production."""
