"""Fixtures of the tests of development, shared with those of the commands."""

from tests.cli.conftest import directory, door, mark

__all__ = ["directory", "door", "mark"]
