"""Every way of changing a role writes one audit line with the actor and the cause."""

from hashlib import sha256

import psycopg
from click.testing import CliRunner
from sqlalchemy import Engine

from cli.main import main
from db import events
from sync import expiry
from tests import ledger
from tests.api.asking import Person
from tests.clerk_sender import Clerk
from tests.servers import Database

LINES = "select action, actor, cause from audit_log where clerk_user_id = 'user_ada' and role = %s order by id"


def test_an_event_the_api_a_command_the_scheduler_and_psql_write_one_line_each(
    database: Database, engine: Engine, admin: Person, clerk: Clerk
) -> None:
    created, deleted = clerk.created("user_ada"), clerk.deleted("user_ada", at=1_000)
    roles = "/api/admin/users/user_ada/roles"

    ledger.apply(engine, clerk, created)
    given = admin.post(roles, role="MENTOR", reason="Leads the course.")
    shortened = admin.patch(f"{roles}/{given.json()['id']}", end="2100-01-01T00:00:00Z", reason="For a while.")
    words = ["roles", "extend", "user_ada", str(given.json()["id"]), "--open", "--reason", "For good.", "--by", "grace"]
    CliRunner(env={"DATABASE_URL": database.app_url}).invoke(main, words, catch_exceptions=False)
    with psycopg.connect(database.owner_url, autocommit=True) as psql:
        psql.execute("update user_roles set effective_end_date = now() where role = 'MENTOR'")
    expiry.expire(engine, batch=10)
    ledger.apply(engine, clerk, created, deleted)

    assert ledger.rows(engine, LINES, "MENTOR") == [
        ("role.assigned", "user_admin", given.headers["X-Request-Id"]),
        ("role.shortened", "user_admin", shortened.headers["X-Request-Id"]),
        ("role.extended", "operator:grace", None),
        ("role.shortened", "database:akako_owner", None),
        ("role.expired", "calendar", None),
    ]
    assert ledger.rows(engine, LINES, "LEARNER") == [
        ("role.assigned", "clerk", created.svix_id),
        ("role.revoked", "clerk", deleted.svix_id),
    ]


def test_a_role_from_an_event_is_explained_by_its_delivery_and_signing_secret(
    engine: Engine, admin: Person, clerk: Clerk
) -> None:
    created = clerk.created("user_ada")
    ledger.apply(engine, clerk, created)

    why = admin.get("/api/admin/users/user_ada/explain", role="LEARNER").json()

    assert [(line["actor"], line["cause"]) for line in why["audit"]] == [("clerk", created.svix_id)]
    assert [each["svix_id"] for each in why["deliveries"]] == [created.svix_id]
    assert why["deliveries"][0]["verified_by"] == ledger.opened(clerk, created).verified_by
    assert why["deliveries"][0]["svix_signature"] == created.headers["svix-signature"]


def test_a_role_is_explained_after_the_body_of_its_delivery_was_erased(
    database: Database, engine: Engine, admin: Person, clerk: Clerk
) -> None:
    created = clerk.created("user_ada")
    ledger.apply(engine, clerk, created)
    with psycopg.connect(database.owner_url, autocommit=True) as psql:
        psql.execute("update webhook_events set received_at = received_at - interval '91 days'")
    with engine.begin() as connection:
        assert events.erase_bodies(connection, days=90, most=10) == 1

    why = admin.get("/api/admin/users/user_ada/explain", role="LEARNER")

    delivery = why.json()["deliveries"][0]
    assert (delivery["body_sha256"], delivery["body_bytes"]) == (sha256(created.body).hexdigest(), None)


def test_private_metadata_is_in_no_response(engine: Engine, admin: Person, clerk: Clerk) -> None:
    ledger.apply(engine, clerk, clerk.created("user_ada"))

    paths = ["users", "users/user_ada", "users/user_ada/roles", "users/user_ada/explain?role=LEARNER", "audit"]
    shown = "".join(admin.get(f"/api/admin/{path}").text for path in paths)

    assert "user_ada" in shown
    assert "never to be seen" not in shown
