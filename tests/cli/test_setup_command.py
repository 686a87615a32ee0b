"""`akako setup` does each step once, and says at the first that fails what to do."""

import json
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from cli.main import main
from db import claims_switch, leases
from tests.clerk_sender import Clerk
from tests.ledger import apply, values
from tests.served_clerk import ServedClerk, served_clerk
from tests.servers import Database

pytestmark = pytest.mark.clerk


@pytest.fixture
def instance() -> Iterator[ServedClerk]:
    with served_clerk() as running:
        yield running


@pytest.fixture
def setup(database: Database, instance: ServedClerk, clerk: Clerk) -> Callable[..., Result]:
    def run(*words: str, **environment: str) -> Result:
        given = {
            "DATABASE_URL": database.app_url,
            "DATABASE_OWNER_URL": database.owner_url,
            "CLERK_WEBHOOK_SIGNING_SECRET": clerk.secrets[0],
            "CLERK_SECRET_KEY": instance.key,
            "CLERK_API_URL": instance.url,
            "CLERK_ISSUER": instance.url,
            "CLERK_REQUESTS_PER_SECOND": "100",
        }
        return CliRunner(env=given | environment).invoke(main, ("setup", "--by", "ada", "--wait", "0", *words))

    return run


@pytest.fixture
def delivered(engine: Engine, clerk: Clerk) -> None:
    """A delivery has been verified."""
    apply(engine, clerk, clerk.send(b'{"type": "session.created", "data": {}}'))


def states(result: Result) -> dict[str, str]:
    """The state of each step."""
    return {step["name"]: step["state"] for step in map(json.loads, result.stdout.splitlines())}


@pytest.mark.usefixtures("delivered")
def test_all_steps_are_done_once(engine: Engine, instance: ServedClerk, setup: Callable[..., Result]) -> None:
    ids = instance.create(3)
    first = setup("--url", f"{instance.url}/", "--admin", ids[1])
    assert first.exit_code == 0, first.output
    assert "✓ users: 3 users, 3 of them new" in first.stdout
    assert "✓ first ADMIN" in first.stdout
    assert values(engine, "select clerk_id from current_roles where role = 'ADMIN'") == [ids[1]]
    assert values(engine, "select instance_id from clerk_instance") == [instance.id]
    lines = values(engine, "select count(*) from audit_log")
    again = setup("--json")
    assert again.exit_code == 0
    assert set(states(again).values()) == {"done", "skipped"}
    assert values(engine, "select count(*) from audit_log") == lines


def test_without_a_delivery_it_says_what_to_enter_at_clerk(
    engine: Engine, instance: ServedClerk, setup: Callable[..., Result]
) -> None:
    result = setup("--url", f"{instance.url}/")
    assert result.exit_code == 1
    assert "✗ first delivery: none yet" in result.stdout
    assert f"add the endpoint {instance.url}/" in result.stdout
    assert "user.created, user.updated, user.deleted" in result.stdout
    assert "users:" not in result.stdout


@pytest.mark.usefixtures("delivered")
def test_without_an_admin_it_says_how_to_name_one(instance: ServedClerk, setup: Callable[..., Result]) -> None:
    instance.create(1)
    result = setup("--json")
    assert (result.exit_code, states(result)["first ADMIN"]) == (1, "failed")
    assert "--admin USER_ID" in result.stdout


@pytest.mark.usefixtures("delivered")
def test_an_unknown_admin_is_refused(instance: ServedClerk, setup: Callable[..., Result]) -> None:
    result = setup("--admin", "user_unknown")
    assert result.exit_code == 1
    assert "✗ first ADMIN: refused" in result.stdout


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"CLERK_SECRET_KEY": "sk_live_wrong"}, "Check that CLERK_SECRET_KEY is the secret key of your instance."),
        ({"CLERK_ISSUER": "http://127.0.0.1:9"}, "CLERK_ISSUER does not publish its keys"),
        ({"CLERK_API_URL": "http://127.0.0.1:9"}, "Clerk did not answer"),
    ],
)
def test_settings_that_do_not_agree_are_named(
    setup: Callable[..., Result], environment: dict[str, str], sentence: str
) -> None:
    result = setup(**environment)
    assert result.exit_code == 1
    assert sentence in result.output


def test_an_issuer_of_another_instance_is_named(setup: Callable[..., Result]) -> None:
    with served_clerk() as another:
        result = setup(CLERK_ISSUER=another.url)
    assert "signs session tokens with another key" in result.stdout


def test_an_installation_of_another_instance_is_refused(instance: ServedClerk, setup: Callable[..., Result]) -> None:
    setup()
    with served_clerk() as another:
        result = setup(CLERK_SECRET_KEY=another.key, CLERK_API_URL=another.url, CLERK_ISSUER=another.url)
    assert f"It is pinned to {instance.id}" in result.stdout


def test_a_receiver_that_does_not_answer_is_named(setup: Callable[..., Result]) -> None:
    result = setup("--url", "http://127.0.0.1:9/webhooks/clerk")
    assert "✗ endpoint: the receiver does not answer at http://127.0.0.1:9/healthz" in result.stdout


@pytest.mark.parametrize("status", [401, 503])
def test_a_clerk_that_does_not_answer_is_a_step_that_failed(
    instance: ServedClerk, setup: Callable[..., Result], status: int
) -> None:
    instance.fail("server-error", None, status=status)
    result = setup("--json")
    assert (result.exit_code, states(result)) == (1, {"database": "done", "Clerk": "failed"})


@pytest.mark.usefixtures("delivered")
def test_an_import_that_cannot_start_is_a_step_that_failed(
    engine: Engine, instance: ServedClerk, setup: Callable[..., Result]
) -> None:
    with engine.begin() as connection:
        leases.take(connection, leases.BACKFILL, "other", 60)
    result = setup()
    assert result.exit_code == 1
    assert "✗ users: it could not be done\n    Another import is running" in result.stdout


@pytest.mark.usefixtures("delivered")
def test_a_user_without_access_is_not_the_first_admin(
    engine: Engine, instance: ServedClerk, setup: Callable[..., Result]
) -> None:
    [banned] = instance.create()
    instance.instance.set_banned(banned, banned=True)
    result = setup("--admin", banned)
    assert (result.exit_code, "✗ first ADMIN" in result.stdout, "is ready" in result.stdout) == (1, True, False)
    assert values(engine, "select role from user_roles where role = 'ADMIN'") == []


def test_an_address_that_is_none_is_named(setup: Callable[..., Result]) -> None:
    result = setup("--url", "https://[::1/webhooks/clerk")
    assert (result.exit_code, "✗ endpoint" in result.stdout) == (1, True)


def test_a_path_at_which_there_is_nothing_is_named(instance: ServedClerk, setup: Callable[..., Result]) -> None:
    result = setup("--url", f"{instance.url}/webhook")
    assert (result.exit_code, "The receiver's path is /webhooks/clerk" in result.stdout) == (1, True)


@pytest.mark.usefixtures("delivered")
@pytest.mark.parametrize(("words", "environment"), [(("--claims", "on"), {}), ((), {"CLAIMS": "on"})])
def test_roles_are_put_into_tokens_only_on_request(
    engine: Engine,
    instance: ServedClerk,
    setup: Callable[..., Result],
    words: tuple[str, ...],
    environment: dict[str, str],
) -> None:
    [ada] = instance.create(1)
    off = setup("--json", "--admin", ada)
    assert (off.exit_code, states(off)["roles in tokens"]) == (0, "skipped")
    assert values(engine, "select count(*) from claims_switch") == [0]
    on = setup("--json", *words, **environment)
    assert (on.exit_code, states(on)["roles in tokens"]) == (0, "done")
    assert values(engine, "select is_on from claims_switch") == [True]
    assert states(setup("--json"))["roles in tokens"] == "done"
    assert values(engine, "select count(*) from audit_log where action = 'claims.switched'") == [1]


@pytest.mark.usefixtures("delivered")
def test_claims_that_are_on_but_stopped_are_not_done(
    engine: Engine, instance: ServedClerk, setup: Callable[..., Result]
) -> None:
    [ada] = instance.create(1)
    setup("--admin", ada, "--claims", "on")
    with engine.begin() as connection:
        claims_switch.note_stopped(connection, "claims were turned on in another database")
    stopped = setup("--claims", "on")
    assert stopped.exit_code == 1
    assert "✗ roles in tokens: on, but nothing is pushed: claims were turned on in another database" in stopped.stdout
    assert "akako claims on" in stopped.stdout


@pytest.mark.usefixtures("delivered")
def test_setup_does_not_turn_claims_off_and_says_so(
    engine: Engine, instance: ServedClerk, setup: Callable[..., Result]
) -> None:
    [ada] = instance.create(1)
    setup("--admin", ada, "--claims", "on")
    off = setup("--claims", "off")
    assert (off.exit_code, "- roles in tokens: still on" in off.stdout, "akako claims off" in off.stdout) == (
        0,
        True,
        True,
    )
    assert values(engine, "select is_on from claims_switch") == [True]
