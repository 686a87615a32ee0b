"""Serializes web origins as browsers do in the `Origin` header: scheme, host, and port unless it is the default."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

DEFAULT_PORTS = {"https": 443, "http": 80}
SCHEMES_WITHOUT_ORIGIN = frozenset({"about", "blob", "data", "file", "ftp", "javascript", "mailto", "ws", "wss"})
"""Schemes whose pages have no origin, or from which no page is loaded."""

_ORIGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(\[[^\]]*\]|[^\s/?#@:\\%\[\]]+)(?::([0-9]*))?")
_ASCII_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def serialize(text: str) -> str:
    """The origin as browsers serialize it. Raises ValueError unless the text is a scheme, a host and an optional port.

    `https://App.example:443` becomes `https://app.example`; a host in another script becomes punycode. Schemes of
    applications (`chrome-extension://<id>`, `capacitor://localhost`) have no default port.
    """
    found = _ORIGIN.fullmatch(text)
    if found is None:
        raise ValueError("an origin has a scheme, a host, an optional port, and nothing else")
    scheme = found[1].lower()
    # A scheme with only the letters of "https" is a misspelling.
    if scheme in SCHEMES_WITHOUT_ORIGIN or (scheme not in DEFAULT_PORTS and set(scheme) <= set("https")):
        raise ValueError(f"{scheme} is not the scheme of an origin")
    return f"{scheme}://{_host(found[2])}{_port(scheme, found[3])}"


def split(origin: str) -> tuple[str, str, str]:
    """Scheme, host and port (as text; empty for the default) of a serialized origin."""
    scheme, _, authority = origin.partition("://")
    host, colon, port = authority.rpartition(":")
    return (scheme, host, port) if colon and not port.endswith("]") else (scheme, authority, "")


def _port(scheme: str, port: str | None) -> str:
    if not port:
        return ""
    number = int(port[:6])
    if number > 65_535 or len(port) > 6:
        raise ValueError("a port is at most 65535")
    return "" if number == DEFAULT_PORTS.get(scheme) else f":{number}"


def _host(host: str) -> str:
    if host.startswith("["):
        return f"[{_ipv6(host[1:-1])}]"
    name = host.lower() if host.isascii() else _punycode(host)
    if not _ASCII_HOST.fullmatch(name):
        raise ValueError("the host has characters that are not allowed in host names")
    # Browsers parse a host whose last label is a number as an IPv4 address, or reject it.
    if _NUMBER.fullmatch(name.rstrip(".").rpartition(".")[2]):
        return _ipv4(name)
    return name


def _ipv6(address: str) -> str:
    try:
        return IPv6Address(address if "%" not in address else "").compressed
    except AddressValueError:
        raise ValueError("the host is not a valid IPv6 address") from None


def _ipv4(address: str) -> str:
    try:
        return str(IPv4Address(address))
    except AddressValueError:
        raise ValueError("the host is not a valid IPv4 address: use four decimal numbers") from None


def _punycode(host: str) -> str:
    """The host in ASCII, according to UTS #46 as in browsers.

    The standard library's codec implements IDNA 2003, which maps `straße.example` to a different host than browsers do.
    """
    import idna  # imported late, since its tables are large and few hosts need them

    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        raise ValueError("the host cannot be converted to ASCII: give its punycode form, xn--...") from None
