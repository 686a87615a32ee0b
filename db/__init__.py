"""The memory: the engine, the tables and every SQL statement, each one named function. Nothing here commits."""
