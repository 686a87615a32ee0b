"""Database access: engine, tables and every SQL statement, each in a named function. Functions here never commit."""
