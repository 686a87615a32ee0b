"""`akako migrate`."""

import json

from click.testing import CliRunner

from ops.embedded.servers import Servers
from ops.ground import free_port
from ops.main import main
from tests.servers import Database, ascii_database


def test_a_migrated_database_needs_nothing(database: Database) -> None:
    addresses = {"DATABASE_URL": database.app_url, "DATABASE_OWNER_URL": database.owner_url}
    done = CliRunner().invoke(main, ["migrate", "--json"], env=addresses)
    assert (done.exit_code, json.loads(done.output)) == (0, {"applied": []})


def test_a_server_that_is_not_there_is_named_by_its_variable() -> None:
    nowhere = f"postgresql://akako@127.0.0.1:{free_port()}/akako"
    failed = CliRunner().invoke(main, ["migrate"], env={"DATABASE_URL": nowhere, "DATABASE_OWNER_URL": None})
    assert (failed.exit_code, "DATABASE_URL" in failed.output) == (1, True)


def test_a_database_that_is_not_utf8_is_refused_in_a_sentence(servers: Servers) -> None:
    with ascii_database(servers) as database:
        addresses = {"DATABASE_URL": database.app_url, "DATABASE_OWNER_URL": database.owner_url}
        failed = CliRunner().invoke(main, ["migrate"], env=addresses)
    assert failed.exit_code == 1
    assert failed.output.startswith("Error: The database does not store text as UTF-8")


def test_a_missing_address_is_asked_for() -> None:
    failed = CliRunner().invoke(main, ["migrate"], env={"DATABASE_URL": None})
    assert failed.exit_code == 1
