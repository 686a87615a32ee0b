"""The receivers that are compared with this project: how each is started, and where it stores users."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import LiteralString

from psycopg.conninfo import conninfo_to_dict

from dev import clerk_instance
from dev.conformance.scenario import Sender
from dev.embedded.servers import Servers
from dev.local_servers import SECRET, new_secret
from tests.conformance import install, world
from tests.conformance.clerk_api import ClerkApi
from tests.conformance.incidents import World
from tests.conformance.subject import Description, Peer
from tests.conformance.tables import Tables

FIND: LiteralString = (
    "select id::text, true, email, first_name, last_name, null::boolean from users where clerk_id = %s"
)
FIND_DJANGO: LiteralString = (
    "select id::text, is_active, email, first_name, last_name, null::boolean from django_clerk_users_clerkuser"
    " where clerk_id = %s"
)
NO_BAN = {"ban": "It stores no bans."}
FRAMEWORK = "The web framework decides this, not the handler."
NODE = {**NO_BAN, "huge-body": FRAMEWORK, "get-request": FRAMEWORK}


@dataclass(frozen=True, slots=True)
class Alternative:
    """A receiver with the commands that start it."""

    description: Description
    handler: str | None = None
    """The module of a handler in Node; None for Django."""
    environment: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def running(self, servers: Servers, directory: Path) -> Iterator[World]:
        """The receiver on a new database, with a Clerk instance of its own."""
        database = world.new_database(servers)
        secret = new_secret()
        instance = clerk_instance.create()
        with ClerkApi().serving() as api:
            api.publish(instance)
            settings = {
                SECRET: secret,
                "CLERK_API_URL": api.url,
                "CLERK_JWT_KEY": instance.settings["CLERK_JWT_KEY"],
                "PARTY": clerk_instance.PARTY,
                **self.environment,
            }
            start = self._node if self.handler else self._django
            peer = start(database.owner_url, settings, directory)
            tables = Tables(database.superuser_url, self.description.find, None, api)
            try:
                peer.start()
                yield World(peer, tables, Sender(secret), api, servers.postgres, instance)
            finally:
                peer.end()

    def _node(self, url: str, settings: dict[str, str], logs: Path) -> Peer:
        command = ["node", str(install.node("node") / "server.mjs"), str(self.handler)]
        return Peer(command, {"DATABASE_URL": url, **settings}, "/api/webhooks", {}, logs)

    def _django(self, url: str, settings: dict[str, str], logs: Path) -> Peer:
        parts = conninfo_to_dict(url)
        database = {f"DATABASE_{name}": str(parts[key]) for name, key in DATABASE.items()}
        gunicorn = [str(install.python("django_app")), "-m", "gunicorn", "--threads", "16", "--timeout", "60"]
        command = [*gunicorn, "--chdir", str(install.PEERS / "django_app"), "-b", "127.0.0.1:{port}"]
        return Peer([*command, "receiver:application"], {**database, **settings}, "/webhooks/clerk/", PAGES, logs)


PAGES = {"django-clerk-users, middleware": "/me", "django-clerk-users, REST framework": "/drf"}
DATABASE = {"NAME": "dbname", "USER": "user", "HOST": "host"}
DJANGO = Alternative(Description("django-clerk-users", "django-clerk-users 0.4.1", FIND_DJANGO, skips=NO_BAN))
ALTERNATIVES = (
    DJANGO,
    Alternative(Description("tutorial", "Clerk's guide, insert and update", FIND, skips=NODE), "tutorial"),
    Alternative(Description("upsert", "Clerk's guide, upsert", FIND, skips=NODE), "tutorial", {"MODE": "upsert"}),
    Alternative(Description("brianmmdev", "@brianmmdev/clerk-webhooks-handler 1.0.7", FIND, skips=NODE), "brianmmdev"),
)
