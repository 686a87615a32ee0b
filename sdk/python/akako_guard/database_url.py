"""Normalises PostgreSQL URLs for libpq, without the parameters that ORMs and hosts add.

No message quotes a part of the URL that may belong to the password.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

EXAMPLE = "postgresql://user:password@host:5432/database"

_LIBPQ = """
application_name channel_binding client_encoding connect_timeout dbname fallback_application_name gssdelegation
gssencmode gsslib host hostaddr keepalives keepalives_count keepalives_idle keepalives_interval krbsrvname
load_balance_hosts max_protocol_version min_protocol_version oauth_client_id oauth_client_secret oauth_issuer
oauth_scope options passfile password port replication require_auth requirepeer scram_client_key scram_server_key
service ssl_max_protocol_version ssl_min_protocol_version sslcert sslcertmode
sslcompression sslcrl sslcrldir sslkey sslkeylogfile sslmode sslnegotiation sslpassword sslrootcert sslsni
target_session_attrs tcp_user_timeout user
"""
LIBPQ = frozenset(_LIBPQ.split())
"""Connection parameters of libpq 18: https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-PARAMKEYWORDS."""

_DROPPED = """
schema pgbouncer connection_limit pool_timeout socket_timeout statement_cache_size single_use_connections
conn_max_age conn_health_checks
adapter encoding pool prepared_statements statement_limit checkout_timeout idle_timeout reaping_frequency
prepared_statement_cache_size prepared_statement_name_func async_fallback prepare_threshold
max max_connections idleTimeoutMillis connectionTimeoutMillis uselibpqcompat
pool_size max_overflow pool_recycle pool_pre_ping
pool_max_conns pool_min_conns pool_max_conn_lifetime pool_max_conn_idle_time pool_health_check_period
default_query_exec_mode statement_cache_capacity description_cache_capacity binary_parameters
currentSchema ApplicationName prepareThreshold preparedStatementCacheQueries reWriteBatchedInserts loginTimeout
socketTimeout tcpKeepAlive
supa workaround serverVersion charset
"""
DROPPED = frozenset(_DROPPED.split())
"""Parameters of Prisma, Django, Rails, SQLAlchemy, node-postgres, pgx, JDBC, Supabase and Doctrine that configure only
the client."""

REMEDIES = {
    "sslaccept": "write sslmode=verify-full&sslrootcert=system instead of sslaccept=strict",
    "sslidentity": "write sslcert=...&sslkey=... instead of sslidentity",
    "targetServerType": "write target_session_attrs=read-write instead of targetServerType=primary",
    "search_path": "remove search_path: Akako Sync sets it itself",
}
_SSLMODES = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
_SSL = {"true": "require", "1": "require", "no-verify": "require", "false": "prefer", "0": "prefer"}
_NUMBERS = frozenset({"connect_timeout", "port", "tcp_user_timeout", "keepalives_idle", "keepalives_interval"})

_SCHEME = re.compile(r"(postgres(?:ql)?)(?:\+[a-z0-9_]+)?://")
_HOSTS = re.compile(r"(\[[^\[\]@]+\]|[^:@\[\]\s]*)(:\d*)?(,(\[[^\[\]@]+\]|[^:@\[\]\s]*)(:\d*)?)*")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,40}")
_ENCODE = "in user and password, encode % as %25, @ as %40, / as %2F, : as %3A"


def normalise(url: str) -> str:
    """The URL as libpq accepts it. Raises ValueError with what to change."""
    address, parameters = _split(url)
    accepted = [f"{name}={value.replace('=', '%3D')}" for name, value in _accepted(parameters)]
    return address + ("?" + "&".join(accepted) if accepted else "")


def names_pooler(url: str) -> bool:
    """Whether the URL declares a pooler in transaction mode, as Prisma's URLs do (`pgbouncer=true`)."""
    try:
        return ("pgbouncer", "true") in _split(url)[1]
    except ValueError:
        return False


def _split(url: str) -> tuple[str, list[tuple[str, str]]]:
    """The URL up to the query, and the parameters; split as libpq does, since a password may contain `?` and `#`."""
    url = url.strip()
    scheme = _SCHEME.match(url)
    if scheme is None:
        raise ValueError(f"give a URL like {EXAMPLE}")
    user, hosts, rest = _authority(url[scheme.end() :])
    path, _, query = rest.partition("?")
    if not _HOSTS.fullmatch(hosts) or _BAD_ESCAPE.search(url):
        raise ValueError(f"give a URL like {EXAMPLE}; {_ENCODE}")
    parameters = [(unquote(name), value) for name, _, value in (one.partition("=") for one in query.split("&")) if name]
    if "@" in query and not user and any(name not in LIBPQ for name, _ in parameters):
        raise ValueError(f"give a URL like {EXAMPLE}; {_ENCODE}")
    return f"{scheme[1]}://{user}{hosts}{path}", parameters


def _authority(rest: str) -> tuple[str, str, str]:
    """User and password with their `@`, if there are any; the hosts; and the rest."""
    user = ""
    if end := re.search("[@/]", rest):
        user = rest[: end.end()] if end.group() == "@" else ""
    hosts = re.match("[^/?]*", rest[len(user) :])
    found = hosts.group() if hosts else ""
    return user, found, rest[len(user) + len(found) :]


def _accepted(parameters: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The parameters that libpq accepts; others are dropped. Raises ValueError for unknown ones."""
    # Some hosts give both: `sslmode` is libpq's own, and `ssl=true` must not weaken it.
    names = {name for name, _ in parameters}
    for name, value in parameters:
        if name == "sslmode" or (name == "ssl" and "sslmode" not in names):
            yield "sslmode", _sslmode(name, value)
        elif name in LIBPQ:
            if name in _NUMBERS and not re.fullmatch(r"-?\d+(,\d+)*", value):
                raise ValueError(f"the parameter {name} is not a number")
            yield name, value
        elif name not in DROPPED and name != "ssl" and (name, value) != ("sslaccept", "accept_invalid_certs"):
            raise ValueError(_refusal(name))


def _sslmode(name: str, value: str) -> str:
    mode = _SSL.get(value, value)
    if mode not in _SSLMODES:
        raise ValueError(
            f"the value of the parameter {name} is not supported: use one of libpq's, like sslmode=require"
        )
    return mode


def _refusal(name: str) -> str:
    if name in REMEDIES:
        return f"the parameter {name} is not supported: {REMEDIES[name]}"
    shown = f"the parameter {name}" if _NAME.fullmatch(name) else "a parameter after the ?"
    return f"{shown} is not supported: remove it; docs/reference/database-url.md lists the accepted parameters"
