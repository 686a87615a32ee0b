"""Certificates made for a test, and a TLS server before one that has none."""

import datetime
import ipaddress
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate and its key, as files."""

    path: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """What a server that shows it works with."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.path, self.key)
        return made


def self_signed(directory: Path, name: str = "127.0.0.1") -> Certificate:
    """A certificate for an address or a host name, which is its own CA."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    alternative: x509.GeneralName = x509.DNSName(name)
    with suppress(ValueError):
        alternative = x509.IPAddress(ipaddress.ip_address(name))
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    found = Certificate(directory / f"{name}.pem", directory / f"{name}.key")
    found.path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    found.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return found


@contextmanager
def before(url: str, certificate: Certificate) -> Iterator[int]:
    """The port of a TLS server that hands on to this one, as long as the block runs."""
    parts = urlsplit(url)
    upstream = (parts.hostname or "127.0.0.1", parts.port or 6379)
    context = certificate.context()

    def serve(client: socket.socket) -> None:
        with (
            suppress(OSError),
            context.wrap_socket(client, server_side=True) as encrypted,
            socket.create_connection(upstream) as server,
        ):
            _hand_on(encrypted, server)

    with _listening(serve) as port:
        yield port


@contextmanager
def postgresql(certificate: Certificate | None) -> Iterator[int]:
    """The port of a server that begins TLS as PostgreSQL does, or refuses it, and says nothing after that."""

    def serve(client: socket.socket) -> None:
        with client, suppress(OSError):
            client.recv(8)
            client.sendall(b"S" if certificate else b"N")
            if certificate:
                with certificate.context().wrap_socket(client, server_side=True) as encrypted:
                    encrypted.recv(1)

    with _listening(serve) as port:
        yield port


@contextmanager
def _listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, daemon=True).start()
        yield int(listening.getsockname()[1])


def _hand_on(encrypted: ssl.SSLSocket, server: socket.socket) -> None:
    """Both ways in one thread: OpenSSL does not read and write one connection at once."""
    while True:
        if not encrypted.pending():
            readable, _, _ = select.select([encrypted, server], [], [])
        else:
            readable = [encrypted]
        for source, sink in ((encrypted, server), (server, encrypted)):
            if source in readable:
                said = source.recv(65_536)
                if not said:
                    return
                sink.sendall(said)
