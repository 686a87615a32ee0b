"""The steps of `akako setup`. Each looks first at what is done already, so that all can be repeated."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import click
import httpx
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from akako_guard.role import Role
from clerk.backend import Backend, ClerkInstance, PageTooLarge
from clerk.http import ClerkUnavailable
from clerk.signature import fingerprint
from cli.clerk_backend import complaint
from cli.connection import complaint as database_complaint
from config.formats import split_secrets
from config.settings import SetupSettings
from db import admins, audit, claims_switch, secrets, walks
from db.assignments import Window
from db.audit import Author
from db.claims_switch import Switch
from db.walks import Walk
from dev.migration import apply
from dev.terminal import escape
from reconcile import pinning
from roles import assignments
from sync.refusal import Refused

DONE, FAILED, SKIPPED = "done", "failed", "skipped"
MARKS = {DONE: "✓", FAILED: "✗", SKIPPED: "-"}
EVENTS = ("user.created", "user.updated", "user.deleted")
ENTER = """\
In Clerk's dashboard (Webhooks), add the endpoint {url}
with the events {events}; set its signing secret as
CLERK_WEBHOOK_SIGNING_SECRET, start the receiver (`python -m webhooks`), and press "Send Example".
`akako instance webhooks` prints a link to that page."""
PATH = "/webhooks/clerk"
AGAIN = "Run `akako setup` again."
CLAIMS = "roles in tokens"
CLAIMS_ON = "on; add them to the session token at Clerk: docs/how-to/put-roles-into-tokens.md"
HTTP_SECONDS = 5.0
LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Step:
    """The result of one step."""

    name: str
    state: str
    """`done`, `failed` or `skipped`."""
    text: str
    next_step: str = ""
    """What to do, if it failed or was skipped."""


class _Failure(Exception):
    """A step failed; the arguments are the reason and what to do."""


@dataclass(frozen=True, slots=True)
class Installation:
    """The installation that is set up."""

    engine: Engine
    client: Backend
    settings: SetupSettings
    author: Author

    def steps(
        self,
        url: str | None,
        wait_seconds: int,
        import_users: Callable[[], Walk],
        admin_id: Callable[[], str | None],
        claims: str | None,
        wants_claims: Callable[[], bool],
    ) -> Iterator[Step]:
        """Run the steps, up to the first that fails."""
        instance: list[ClerkInstance] = []
        for name, run in (
            ("database", self._migrate),
            ("Clerk", lambda: self._check_clerk(instance)),
            ("instance", lambda: self._pin(instance[0])),
            ("endpoint", lambda: _check_endpoint(url)),
            ("first delivery", lambda: self._wait_for_delivery(url, wait_seconds)),
            ("users", lambda: self._import(instance[0], import_users)),
            ("first ADMIN", lambda: self._make_admin(admin_id)),
            (CLAIMS, lambda: self._decide_claims(instance[0], claims, wants_claims)),
        ):
            step = _step(name, run)
            yield step
            if step.state == FAILED:
                return

    def _migrate(self) -> str:
        owner = self.settings.database_owner_url
        try:
            applied = apply(self.settings.database_url.get_secret_value(), owner.get_secret_value() if owner else None)
        except click.ClickException as error:
            raise _Failure("it could not be migrated", error.message) from None
        return f"{len(applied)} migrations applied" if applied else "all migrations are applied"

    def _check_clerk(self, found: list[ClerkInstance]) -> str:
        """Key, issuer and instance agree."""
        instance = self.client.instance()
        found.append(instance)
        kind = "production" if self.settings.is_live else "development"
        if instance.environment not in (None, kind):
            raise _Failure(
                f"CLERK_SECRET_KEY is a key for {kind}, and {instance.id} is a {instance.environment} instance",
                "Check CLERK_SECRET_KEY and CLERK_API_URL.",
            )
        if self.settings.clerk_jwt_key is None and instance.id not in self._key_ids():
            raise _Failure(
                f"CLERK_ISSUER signs session tokens with another key than that of {instance.id}",
                "Set CLERK_ISSUER to the Frontend API URL of the same instance as CLERK_SECRET_KEY"
                " (dashboard, API keys).",
            )
        return f"the key belongs to {instance.id} ({instance.environment or 'environment unknown'})"

    def _key_ids(self) -> set[object]:
        """The ids of the keys that CLERK_ISSUER publishes; Clerk gives each the id of its instance."""
        url = f"{self.settings.clerk_issuer}/.well-known/jwks.json"
        try:
            keys = httpx.get(url, timeout=HTTP_SECONDS, follow_redirects=False).raise_for_status().json()["keys"]
            return {key.get("kid") for key in keys}
        except (httpx.HTTPError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise _Failure(
                f"CLERK_ISSUER does not publish its keys ({type(error).__name__})",
                f"Check CLERK_ISSUER: {url} must return the instance's public keys.",
            ) from None

    def _pin(self, instance: ClerkInstance) -> str:
        pinning.require(self.engine, instance, self.author)
        return f"pinned to {instance.id}"

    def _wait_for_delivery(self, url: str | None, seconds: int) -> str:
        wanted = {fingerprint(secret) for secret in split_secrets(self.settings.clerk_webhook_signing_secret)}
        how = ENTER.format(url=url or f"https://YOUR-HOST{PATH}", events=", ".join(EVENTS))
        deadline = time.monotonic() + seconds
        if seconds and not self._verified_by(wanted):
            click.echo(f"Waiting up to {seconds} s for a first delivery.\n{how}", err=True)
        while not (found := self._verified_by(wanted)) and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        if found:
            return "a delivery was verified with the configured signing secret"
        raise _Failure(f"none within {seconds} s" if seconds else "none yet", f"{how}\nThen run `akako setup` again.")

    def _verified_by(self, wanted: set[str]) -> bool:
        with self.engine.connect() as connection:
            return any(use.fingerprint in wanted for use in secrets.uses(connection, 1))

    def _import(self, instance: ClerkInstance, import_users: Callable[[], Walk]) -> str:
        with self.engine.connect() as connection:
            last = walks.last(connection)
        if last and last.outcome == "complete" and last.instance_id == instance.id:
            return f"{last.seen:,} users were imported"
        walk = import_users()
        if walk.outcome != "complete":
            raise _Failure(f"the import is incomplete: {walk.reason}", "See docs/how-to/import-users.md.")
        return f"{walk.seen:,} users, {walk.created:,} of them new"

    def _make_admin(self, admin_id: Callable[[], str | None]) -> str | Step:
        with self.engine.connect() as connection:
            if admins.exist(connection):
                return "there is an ADMIN"
        clerk_id = admin_id()
        if not clerk_id:
            how = "Run `akako setup --admin USER_ID`; `akako users list` shows the ids."
            return Step("first ADMIN", FAILED, "there is none", how)
        with self.engine.begin() as connection:
            assignments.assign(connection, self.author, clerk_id, Window(role=Role.ADMIN))
            if not admins.exist(connection):
                raise _Failure(
                    f"{clerk_id} is banned, or its deletion is held, and has no access",
                    "Name another user, or unban this one.",
                )
        return f"{clerk_id} is ADMIN"

    def _decide_claims(self, instance: ClerkInstance, said: str | None, ask: Callable[[], bool]) -> str | Step:
        """Turn the push of roles to Clerk on, if the user wants it. It is never turned off here."""
        with self.engine.connect() as connection:
            switch = claims_switch.read(connection)
        if switch is not None and switch.is_on:
            return _claims_that_are_on(switch, instance, said)
        if not (ask() if said is None else said == "on"):
            how = "Run `akako claims on` if session tokens should carry the roles, for menus and pages."
            return Step(CLAIMS, SKIPPED, "off", how)
        with self.engine.begin() as connection:
            audit.set_author(connection, self.author)
            claims_switch.turn_on(connection, instance.id, self.settings.default_role)
        return CLAIMS_ON


def _claims_that_are_on(switch: Switch, instance: ClerkInstance, said: str | None) -> str | Step:
    because = switch.stopped_because
    if because is None and switch.instance_id != instance.id:
        because = f"they were turned on for {switch.instance_id}"
    if because:
        how = "If this is no copy of another database, run `akako claims on`; on a copy, run `akako claims off`."
        return Step(CLAIMS, FAILED, f"on, but nothing is pushed: {because}", how)
    if said == "off":
        how = "Run `akako claims off` to turn them off; Clerk keeps the roles that were pushed."
        return Step(CLAIMS, SKIPPED, "still on", how)
    return CLAIMS_ON


def _step(name: str, run: Callable[[], str | Step]) -> Step:
    try:
        result = run()
    except _Failure as failure:
        return Step(name, FAILED, *failure.args)
    except Refused as refusal:
        return Step(name, FAILED, "refused", escape(str(refusal)))
    except (ClerkUnavailable, PageTooLarge) as error:
        return Step(name, FAILED, *complaint(error, AGAIN))
    except DBAPIError as error:
        problem, step = database_complaint(error)
        return Step(name, FAILED, problem, step or AGAIN)
    except click.ClickException as error:
        return Step(name, FAILED, "it could not be done", error.message)
    return result if isinstance(result, Step) else Step(name, DONE, result)


def _check_endpoint(url: str | None) -> str | Step:
    """The receiver answers at its public URL."""
    if url is None:
        return Step("endpoint", SKIPPED, "not checked", "Give --url to check that the receiver answers there.")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _Failure(
            "--url is not a URL", "Give the whole address, as https://hooks.example.com/webhooks/clerk."
        ) from None
    health = urlunsplit((parts.scheme, parts.netloc, "/healthz", "", ""))
    try:
        httpx.get(health, timeout=HTTP_SECONDS).raise_for_status()
        found = httpx.get(url, timeout=HTTP_SECONDS).status_code != httpx.codes.NOT_FOUND
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _Failure(
            f"the receiver does not answer at {health} ({type(error).__name__})",
            "Start the receiver (`python -m webhooks`), and check proxy, certificate and DNS.",
        ) from None
    if not found:
        raise _Failure(f"there is nothing at {url}", f"The receiver's path is {PATH}, unless a proxy changes it.")
    return f"the receiver answers at {url}"
