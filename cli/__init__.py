"""The `akako` command."""
