"""The system user that runs PostgreSQL for root, created by several processes at the same time."""

import pytest

from dev.embedded import account

pytestmark = pytest.mark.skipif(not account.needed(), reason="Only root needs another user.")


def test_a_user_whose_group_is_not_written_yet_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_yet(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr("pwd.getpwnam", lambda _: object())
    monkeypatch.setattr("grp.getgrnam", not_yet)
    assert not account._exists()
