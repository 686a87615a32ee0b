"""Explains errors of Redis: a short reason, and the next step."""

import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import redis
from redis import exceptions

_RUNNING = "check that Redis runs and that REDIS_URL is correct"
_ONE_SERVER = "set REDIS_URL to a single server, or to its primary: Cluster and Sentinel are not supported"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why Redis does not accept messages, without secrets and host names."""

    reason: str
    next_step: str


class WrongServer(redis.RedisError):
    """The server answers, but is not a single Redis that accepts writes."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.reason}: {fault.next_step}")
        self.fault = fault


CLUSTER = Fault("is a Redis Cluster", _ONE_SERVER)
SENTINEL = Fault("is a Redis Sentinel", _ONE_SERVER)
REPLICA = Fault("is a read-only replica", "set REDIS_URL to the primary")
FULL = Fault("is full (maxmemory)", "increase its memory or free some; compare `used_memory` and `maxmemory` in INFO")
UNSAVED = Fault("refuses writes (MISCONF): it cannot save to its disk", "free disk space for Redis, and check its log")
REFUSED = Fault(
    "denies a command or key", "give the user of REDIS_URL the permissions (ACL) in docs/how-to/run-in-production.md"
)
PASSWORD = Fault("refuses user or password", "check the user and password in REDIS_URL")
LOADING = Fault("is loading its data", "wait until Redis has loaded its data")
CLIENTS = Fault("has no connection left", "raise `maxclients` of Redis, or find the clients with many connections")
SILENT = Fault("does not answer", _RUNNING)
UNREACHABLE = Fault("cannot be reached", _RUNNING)
NOT_TLS = Fault(
    "does not use TLS on this port", "use redis:// in REDIS_URL if the port has no TLS; otherwise check that Redis runs"
)
TLS = Fault("closes the TLS connection", "check the TLS options in REDIS_URL, and the TLS settings of Redis")
UNTRUSTED = Fault(
    "has a certificate that is not trusted",
    "add the file of its CA to REDIS_URL (rediss://...?ssl_ca_certs=/path/ca.pem); ssl_cert_reqs=none does not verify",
)
OTHER_NAME = Fault(
    "has a certificate for another host name",
    "use a host name of the certificate in REDIS_URL; ssl_check_hostname=false does not compare",
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
    """The fault that caused an error of redis-py, kombu or Celery."""
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
    """The error and its causes."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
