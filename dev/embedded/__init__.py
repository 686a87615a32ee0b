"""PostgreSQL and Redis out of packages: real servers for a machine that has none. Production never needs this room."""
