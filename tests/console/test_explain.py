"""The explanation of a role verifies the signature of the delivery behind it again."""

import re
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy import Engine

from config.settings import ConsoleSettings
from tests import ledger
from tests.clerk_sender import Clerk, Sent
from tests.console.viewing import Viewer
from tests.servers import Database


@pytest.fixture(scope="module")
def clerk() -> Clerk:
    """Signs with the secret of the console's settings."""
    return Clerk()


@pytest.fixture(scope="module")
def settings(settings: ConsoleSettings, clerk: Clerk) -> ConsoleSettings:
    return settings.model_copy(update={"clerk_webhook_signing_secret": SecretStr(clerk.secrets[0])})


def explanation(admin: Viewer, clerk_id: str) -> str:
    """The text of the page that explains why the user is a learner."""
    page = admin.get(f"/users/{clerk_id}/explain?role=LEARNER").text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def tamper(database: Database, sent: Sent, change: LiteralString) -> None:
    """Change a stored delivery as the owner of the tables can, who switches off the trigger that forbids it."""
    query = sql.SQL("update webhook_events set {} where svix_id = %s").format(sql.SQL(change))
    with psycopg.connect(database.owner_url) as connection:
        connection.execute("alter table webhook_events disable trigger body_only_forgotten")
        assert connection.execute(query, (sent.svix_id,)).rowcount == 1
        connection.execute("alter table webhook_events enable always trigger body_only_forgotten")


def test_the_delivery_behind_a_role_is_verified_again(engine: Engine, admin: Viewer, clerk: Clerk) -> None:
    sent = clerk.created("user_signed", email="signed@example.com")
    ledger.apply(engine, clerk, sent)

    shown = explanation(admin, "user_signed")

    assert f"Delivery {sent.svix_id}: signature verified again" in shown
    assert "not verified" not in shown


@pytest.mark.parametrize(
    ("user", "change"),
    [
        ("body", "body = convert_to(replace(convert_from(body, 'UTF8'), 'Ada', 'Eve'), 'UTF8')"),
        ("time", "svix_timestamp = svix_timestamp + 1"),
        ("signature", "svix_signature = 'v1,' || repeat('A', 43) || '='"),
    ],
)
def test_a_delivery_that_was_tampered_with_is_not_verified(
    database: Database, engine: Engine, admin: Viewer, clerk: Clerk, user: str, change: LiteralString
) -> None:
    sent = clerk.created(f"user_tampered_{user}", email=f"{user}@example.com")
    ledger.apply(engine, clerk, sent)
    assert "signature verified again" in explanation(admin, f"user_tampered_{user}")

    tamper(database, sent, change)

    shown = explanation(admin, f"user_tampered_{user}")
    assert f"Delivery {sent.svix_id}: signature not verified" in shown
    assert "verified again" not in shown


def test_a_delivery_that_another_secret_signed_is_not_verified(engine: Engine, admin: Viewer) -> None:
    forger = Clerk()
    sent = forger.created("user_forged", email="forged@example.com")
    ledger.apply(engine, forger, sent)

    shown = explanation(admin, "user_forged")

    assert f"Delivery {sent.svix_id}: signature not verified" in shown
    assert "verified again" not in shown
