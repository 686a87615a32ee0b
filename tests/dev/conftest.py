"""Fixtures shared with the tests of the commands."""

from tests.cli.conftest import directory, mark

__all__ = ["directory", "mark"]
