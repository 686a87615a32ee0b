"""Access to PostgreSQL: connections on any host, classified errors, and the one statement of the guard."""
