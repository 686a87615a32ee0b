import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from akako_guard.database.engine import connect
from clerk.signature import fingerprint
from cli.main import main
from cli.rotation import RETRIES, advise
from db.secrets import Use
from tests.clerk_sender import Clerk, signing_secret
from tests.ledger import change, keep
from tests.servers import Database

NOW = datetime(2026, 1, 31, tzinfo=UTC)
MOVED_BACK = "update webhook_events set received_at = now() - interval '40 hours' where svix_id = %s"


@pytest.fixture
def owner(database: Database) -> Iterator[Engine]:
    pool = connect(database.owner_url, "test")
    yield pool
    pool.dispose()


@pytest.fixture
def akako(database: Database) -> Any:
    """Runs the command with these secrets configured."""

    def run(*words: str, configured: tuple[str, ...]) -> Result:
        given = {"DATABASE_URL": database.app_url, "CLERK_WEBHOOK_SIGNING_SECRET": ",".join(configured)}
        return CliRunner(env=given).invoke(main, ("secrets", *words))

    return run


def use(first: timedelta, last: timedelta) -> Use:
    """A secret that first and last verified a delivery this long ago."""
    return Use("any", NOW - first, NOW - last, 1)


def test_secrets_are_identified_by_fingerprint_and_never_shown(engine: Engine, owner: Engine, akako: Any) -> None:
    old, new = Clerk(), Clerk()
    keep(engine, old, old.created())
    (earlier, *_) = keep(engine, new, new.created(), new.created("user_bea"))
    change(owner, MOVED_BACK, earlier)
    configured = (*new.secrets, *old.secrets)

    done = akako("--json", configured=configured)

    newer, older = json.loads(done.output)
    assert (newer["fingerprint"], older["fingerprint"]) == tuple(map(fingerprint, configured))
    assert (newer["deliveries"], older["deliveries"]) == (2, 1)
    assert (newer["safe_to_remove"], older["safe_to_remove"]) == (False, False)
    assert older["advice"].startswith("keep until ")
    assert [secret for secret in configured if secret in done.output] == []


def test_an_old_secret_that_no_longer_verifies_can_be_removed(engine: Engine, owner: Engine, akako: Any) -> None:
    new, old = Clerk(), signing_secret()
    change(owner, MOVED_BACK, *keep(engine, new, new.created()))

    done = akako(configured=(*new.secrets, old))

    assert done.exit_code == 0
    assert "remove: " in done.output
    assert "never" in done.output


def test_a_secret_that_is_no_longer_configured_is_still_listed(engine: Engine, akako: Any) -> None:
    gone = Clerk()
    keep(engine, gone, gone.created())

    done = akako(configured=(signing_secret(),))

    assert fingerprint(gone.secrets[0]) in done.output
    assert "not configured any more" in done.output


@pytest.mark.parametrize(
    ("uses", "safe"),
    [
        pytest.param({}, False, id="neither has verified anything"),
        pytest.param({"old": use(RETRIES, RETRIES)}, False, id="only the old one has"),
        pytest.param({"new": use(RETRIES * 2, timedelta())}, True, id="only the new one has, for long"),
        pytest.param({"new": use(RETRIES / 2, timedelta())}, False, id="only the new one has, not for long"),
        pytest.param(
            {"new": use(RETRIES * 3, timedelta()), "old": use(RETRIES * 9, RETRIES * 2)},
            True,
            id="the old one before",
        ),
        pytest.param(
            {"new": use(RETRIES * 3, timedelta()), "old": use(RETRIES * 9, RETRIES / 2)}, False, id="the old one lately"
        ),
    ],
)
def test_an_old_secret_can_be_removed_when_only_newer_ones_verify(uses: dict[str, Use], safe: bool) -> None:
    assert advise("old", ["new", "old"], uses, NOW).safe_to_remove is safe


def test_the_newest_secret_is_kept_whatever_it_has_verified() -> None:
    assert not advise("new", ["new", "old"], {"old": use(RETRIES, RETRIES)}, NOW).safe_to_remove
