"""`akako migrate`."""

import json

import psycopg
from click.testing import CliRunner

from cli.main import main
from dev.embedded.servers import Servers
from dev.ports import free_port
from tests.servers import Database, ascii_database


def test_a_migrated_database_has_no_pending_migrations(database: Database) -> None:
    addresses = {"DATABASE_URL": database.app_url, "DATABASE_OWNER_URL": database.owner_url}
    done = CliRunner().invoke(main, ["migrate", "--json"], env=addresses)
    assert (done.exit_code, json.loads(done.output)) == (0, {"applied": []})


def test_a_missing_server_is_reported_with_its_variable() -> None:
    nowhere = f"postgresql://akako@127.0.0.1:{free_port()}/akako"
    failed = CliRunner().invoke(main, ["migrate"], env={"DATABASE_URL": nowhere, "DATABASE_OWNER_URL": None})
    assert (failed.exit_code, "DATABASE_URL" in failed.output) == (1, True)


def test_a_database_that_is_not_utf8_is_refused_with_a_message(servers: Servers) -> None:
    with ascii_database(servers) as database:
        addresses = {"DATABASE_URL": database.app_url, "DATABASE_OWNER_URL": database.owner_url}
        failed = CliRunner().invoke(main, ["migrate"], env=addresses)
    assert failed.exit_code == 1
    assert failed.output.startswith("Error: The database encoding is not UTF-8")


def test_a_missing_database_url_exits_with_1() -> None:
    failed = CliRunner().invoke(main, ["migrate"], env={"DATABASE_URL": None})
    assert failed.exit_code == 1


def test_a_schema_that_others_may_create_in_is_refused_with_the_remedy(database: Database) -> None:
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("grant create on schema akako to akako_app")
    addresses = {"DATABASE_URL": database.app_url, "DATABASE_OWNER_URL": database.owner_url}
    failed = CliRunner().invoke(main, ["migrate"], env=addresses)
    assert failed.exit_code == 1
    assert "revoke create on schema akako from akako_app" in failed.output


def test_settings_that_the_owner_may_not_change_are_printed_and_migrations_applied(database: Database) -> None:
    with psycopg.connect(database.superuser_url) as superuser:
        superuser.execute("create role made_elsewhere login")
    try:
        addresses = {
            "DATABASE_URL": database.app_url.replace("akako_app", "made_elsewhere"),
            "DATABASE_OWNER_URL": database.owner_url,
        }
        done = CliRunner().invoke(main, ["migrate", "--json"], env=addresses)
    finally:
        with psycopg.connect(database.superuser_url) as superuser:
            superuser.execute("drop owned by made_elsewhere; drop role made_elsewhere")
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"applied": []})
    assert 'alter role "made_elsewhere" in database' in done.stderr
