"""Fixtures of the tests of the worker process, shared with those of `sync`."""

from tests.sync.conftest import apply, owner, raw

__all__ = ["apply", "owner", "raw"]
