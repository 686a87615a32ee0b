"""The API as a real process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev import procfile
from tests.clerk_signs_in import PARTY, Instance
from tests.listener import Listener, listening


@contextmanager
def api_process(
    directory: Path, instance: Instance, *, database_url: str, redis_url: str, **settings: object
) -> Iterator[Listener]:
    """Run the process of the Procfile during the block. Additional settings are given in lower case."""
    environment = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "CLERK_ISSUER": instance.issuer,
        "CLERK_JWT_KEY": instance.pem,
        "CLERK_AUTHORIZED_PARTIES": PARTY,
        "CLERK_SECRET_KEY": "sk_test_akako",
        "LOG_FORMAT": "json",
        **{name.upper(): str(value) for name, value in settings.items()},
    }
    with listening("api", procfile.read()["api"].split(), directory, environment) as started:
        yield started
