"""Normalises Redis URLs to a form that Celery and redis-py interpret alike."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

KEY_PREFIX = "akako:"

_FORM = "give a URL like redis://host:6379/0, with a password redis://user:password@host:6379/0; rediss:// for TLS"
_VERIFICATION = {
    **dict.fromkeys(("required", "cert_required"), "required"),
    **dict.fromkeys(("optional", "cert_optional"), "optional"),
    **dict.fromkeys(("none", "cert_none"), "none"),
}
_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_BOOLEANS = {
    **dict.fromkeys(("true", "1", "yes"), "true"),
    **dict.fromkeys(("false", "0", "no"), "false"),
}
_SENTINEL = (
    "Redis Sentinel is not supported: give the address of the primary itself, or of a proxy that follows it "
    "(HAProxy, or the host's own endpoint), as redis://host:6379/0"
)


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """A Redis server and the prefix of Akako Sync's keys."""

    url: str = field(repr=False)
    """As `normalise` returns it."""
    prefix: str = KEY_PREFIX

    def key(self, name: str) -> str:
        """The name of a key in Redis, with the prefix."""
        return self.prefix + name


def normalise(url: str) -> str:
    """The URL with TLS options spelled as both clients expect; with TLS, the certificate is verified by default.

    Raises ValueError with what to change.
    """
    url = url.strip()
    if "sentinel" in url.partition("://")[0].lower():
        raise ValueError(_SENTINEL)
    if ";" in url:
        raise ValueError(f"{_FORM}: one server, not several separated by semicolons")
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss"):
        raise ValueError(_FORM)
    try:
        host = parts.hostname if parts.port != 0 else None
    except ValueError as error:
        raise ValueError(f"{_FORM}: one host and one port, and a password with its special characters encoded") from (
            error
        )
    if not host:
        raise ValueError(f"{_FORM}: the host is missing")
    if parts.path.strip("/") and not parts.path.strip("/").isdecimal():
        raise ValueError(f"{_FORM}: the path must be the number of a database")
    options = _tls(dict(parse_qsl(parts.query, keep_blank_values=True)), parts.scheme == "rediss")
    return urlunsplit(parts._replace(query=urlencode(options, quote_via=quote, safe="/"), fragment=""))


def _tls(given: dict[str, str], encrypted: bool) -> dict[str, str]:
    """The TLS options in the common spelling."""
    if given and not encrypted:
        raise ValueError(f"remove {', '.join(sorted(given))} from the URL: options are allowed for rediss:// only")
    options = {"ssl_cert_reqs": "required"} if encrypted else {}
    for name, value in given.items():
        options[name] = _option(name, value)
    return options


def _option(name: str, value: str) -> str:
    if name == "ssl_cert_reqs":
        if value.lower() not in _VERIFICATION:
            raise ValueError("ssl_cert_reqs must be required (the default), optional or none")
        return _VERIFICATION[value.lower()]
    if name == "ssl_check_hostname":
        if value.lower() not in _BOOLEANS:
            raise ValueError("ssl_check_hostname must be true (the default) or false")
        return _BOOLEANS[value.lower()]
    if name in _FILES:
        if not _is_readable(Path(value)):
            raise ValueError(f"the file of {name} cannot be read: give the path of a PEM file")
        return value
    raise ValueError(
        f"remove {name} from the URL: supported options are ssl_cert_reqs, ssl_check_hostname and "
        f"{', '.join(_FILES)}, for rediss:// only"
    )


def _is_readable(path: Path) -> bool:
    try:
        with path.open("rb"):
            return True
    except OSError:
        return False
