from dataclasses import MISSING, fields

import pytest

from akako_guard import Settings, SettingsError
from config.settings import AccessSettings

NEEDED = {"DATABASE_URL": "postgresql://db.example.com/akako", "CLERK_ISSUER": "https://clerk.example.com"}


def test_the_guard_and_the_service_have_the_same_settings_and_defaults() -> None:
    for field in fields(Settings):
        theirs = AccessSettings.model_fields[field.name]
        assert theirs.is_required() == (field.default is MISSING)
        if field.default is not MISSING:
            assert theirs.default == field.default


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("DATABASE_URL", "mysql://db", "give a URL like"),
        ("CLERK_ISSUER", "http://clerk.example.com", "give an origin"),
        ("CLERK_JWT_KEY", "nonsense", "PEM"),
        ("CLERK_AUTHORIZED_PARTIES", "lms.example.com", "give an origin"),
        ("DATABASE_POOLER", "session", "give none or transaction"),
        ("TOKEN_LEEWAY_SECONDS", "60", "from 0 to 10"),
        ("GUARD_TIMEOUT_SECONDS", "0", "above 0"),
        ("GUARD_TIMEOUT_SECONDS", "1e300", "up to 60"),
        ("GUARD_WAITING", "0", "1 or more"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_give(name: str, value: str, remedy: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: .*{remedy}"):
        Settings.from_env({**NEEDED, name: value})


def test_missing_settings_are_named() -> None:
    with pytest.raises(SettingsError, match=r"DATABASE_URL is not set[^!]*CLERK_ISSUER is not set"):
        Settings.from_env({})


def test_empty_variables_count_as_not_set_and_numbers_are_read() -> None:
    settings = Settings.from_env({**NEEDED, "CLERK_JWT_KEY": "", "GUARD_WAITING": "7"})
    assert (settings.clerk_jwt_key, settings.guard_waiting) == (None, 7)
    assert "example" not in repr(settings)
