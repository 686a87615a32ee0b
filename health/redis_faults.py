"""What an error of Redis means for a person: the reason in a few words, and what to do about it."""

import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import redis
from redis import exceptions

_RUNNING = "see that Redis runs, and that REDIS_URL is right"
_ONE_SERVER = "give REDIS_URL a single server, or its primary: Cluster and Sentinel are not supported"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why Redis takes no messages. No word of it is a secret or names a host."""

    reason: str
    next_step: str


class WrongServer(redis.RedisError):
    """A server that answers, but not as a single Redis that takes writes."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.reason}: {fault.next_step}")
        self.fault = fault


CLUSTER = Fault("is a Redis Cluster", _ONE_SERVER)
SENTINEL = Fault("is a Redis Sentinel", _ONE_SERVER)
REPLICA = Fault("is a read-only replica", "give REDIS_URL the primary")
FULL = Fault(
    "is full (maxmemory)", "give Redis more memory, or remove what fills it; see `used_memory` and `maxmemory` of INFO"
)
UNSAVED = Fault("refuses writes (MISCONF): it cannot save to its disk", "make room on Redis' disk, and look at its log")
REFUSED = Fault("denies us a command or key", "give the user of REDIS_URL the ACL of docs/how-to/run-in-production.md")
PASSWORD = Fault("refuses user or password", "check the user and password in REDIS_URL")
LOADING = Fault("is loading its data", "wait until Redis has loaded its data")
CLIENTS = Fault("has no connection left", "raise `maxclients` of Redis, or find out who has so many connections")
SILENT = Fault("does not answer", _RUNNING)
UNREACHABLE = Fault("cannot be reached", _RUNNING)
NOT_TLS = Fault(
    "does not answer in TLS", "write redis:// in REDIS_URL if this port is without TLS; else see that Redis runs"
)
TLS = Fault("ends the TLS connection", "check the TLS options in REDIS_URL, and Redis' own TLS settings")
UNTRUSTED = Fault(
    "has a certificate that is not trusted",
    "name the file of its CA in REDIS_URL (rediss://...?ssl_ca_certs=/path/ca.pem); ssl_cert_reqs=none does not verify",
)
OTHER_NAME = Fault(
    "has a certificate for another host name",
    "use in REDIS_URL a host name of the certificate; ssl_check_hostname=false does not compare",
)

_BY_TYPE: tuple[tuple[type[Exception], Fault], ...] = (
    (exceptions.OutOfMemoryError, FULL),
    (exceptions.ReadOnlyError, REPLICA),
    (exceptions.NoPermissionError, REFUSED),
    (exceptions.AuthenticationError, PASSWORD),
    (exceptions.AuthorizationError, PASSWORD),
    (exceptions.BusyLoadingError, LOADING),
    (exceptions.AskError, CLUSTER),
    (exceptions.ClusterError, CLUSTER),
    (exceptions.ClusterCrossSlotError, CLUSTER),
    (redis.TimeoutError, SILENT),
    (TimeoutError, SILENT),
)
_BY_TEXT = (
    ("handshake operation timed out", NOT_TLS),
    ("OOM ", FULL),
    ("READONLY", REPLICA),
    ("MISCONF", UNSAVED),
    ("NOREPLICAS", Fault("has too few replicas to take writes", "see `min-replicas-to-write` of Redis")),
    ("max number of clients", CLIENTS),
    ("SSL record layer failure", NOT_TLS),
    ("WRONG_VERSION_NUMBER", NOT_TLS),
    ("Hostname mismatch", OTHER_NAME),
    ("IP address mismatch", OTHER_NAME),
    ("CERTIFICATE_VERIFY_FAILED", UNTRUSTED),
    ("unknown command", SENTINEL),
)


def explain(error: BaseException) -> Fault:
    """The fault behind an error that redis-py, kombu or Celery raised."""
    chain = list(_chain(error))
    for each in chain:
        if isinstance(each, WrongServer):
            return each.fault
    found = next(_by_text(chain), None) or next(_by_type(chain), None)
    return found or (TLS if any(isinstance(each, ssl.SSLError) for each in chain) else UNREACHABLE)


def _by_text(chain: Sequence[BaseException]) -> Iterator[Fault]:
    return (fault for each in chain for text, fault in _BY_TEXT if text in str(each))


def _by_type(chain: Sequence[BaseException]) -> Iterator[Fault]:
    return (fault for each in chain for kind, fault in _BY_TYPE if isinstance(each, kind))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and those that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
