"""Settings, their formats, and logging. Imports no other package of the project."""
