"""Fixtures of the tests of the worker process, shared with those of `sync`."""

from tests.sync.conftest import owner, raw

__all__ = ["owner", "raw"]
