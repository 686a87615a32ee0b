"""Verifies passwords against the digests that Clerk imports, in the formats that its documentation describes.

The standard library knows most algorithms; bcrypt and Argon2 come from packages that only development installs.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from dev.clerk.user import Password

Check = Callable[[re.Match[str], bytes], bool]

_BCRYPT = r"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}"
_B64 = r"[A-Za-z0-9+/]+={0,2}"
_ARGON2 = r"\$v=(?:16|19)\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+"
_CRYPT_ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PBKDF2_BYTES = 32


class DigestRefused(Exception):
    """The digest does not have the format of its algorithm, or the algorithm is not supported."""


def check_digest(password: Password) -> None:
    """Raise DigestRefused unless the digest has the format of its algorithm."""
    _parse(password)


def verify(password: Password, attempt: str) -> bool:
    """Whether the attempt is the password of the digest."""
    check, found = _parse(password)
    try:
        return check(found, attempt.encode())
    except (ValueError, binascii.Error):
        return False


def hashed(password: str) -> Password:
    """The digest that is stored for a password in plain text."""
    import bcrypt  # a package of development only

    return Password("bcrypt", bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode())


def _parse(password: Password) -> tuple[Check, re.Match[str]]:
    known = _HASHERS.get(password.hasher)
    if known is None:
        raise DigestRefused(f"{password.hasher} is not a supported password hasher")
    pattern, check = known
    found = re.fullmatch(pattern, password.digest)
    if found is None:
        raise DigestRefused(f"the digest is not one of {password.hasher}")
    return check, found


def _bcrypt(found: re.Match[str], attempt: bytes) -> bool:
    import bcrypt

    digest = re.sub(r"^\$2[xy]?\$", "$2b$", found[1])
    return bcrypt.checkpw(attempt[:72], digest.encode())


def _bcrypt_django(found: re.Match[str], attempt: bytes) -> bool:
    return _bcrypt(found, hashlib.sha256(attempt).hexdigest().encode())


def _argon2(found: re.Match[str], attempt: bytes) -> bool:
    from argon2 import PasswordHasher
    from argon2.exceptions import VerificationError

    try:
        return PasswordHasher().verify(found[0], attempt)
    except VerificationError:
        return False


def _plain(name: str) -> Check:
    return lambda found, attempt: _same(hashlib.new(name, attempt).digest(), bytes.fromhex(found[0]))


def _pbkdf2(name: str, salt: Callable[[str], bytes], key: Callable[[str], bytes], size: int = _PBKDF2_BYTES) -> Check:
    def check(found: re.Match[str], attempt: bytes) -> bool:
        length = int(found.groupdict().get("length") or size)
        made = hashlib.pbkdf2_hmac(name, attempt, salt(found["salt"]), int(found["rounds"]), length)
        return _same(made, key(found["key"]))

    return check


def _ssha(found: re.Match[str], attempt: bytes) -> bool:
    raw = base64.b64decode(found[1])
    return _same(hashlib.sha1(attempt + raw[20:]).digest(), raw[:20])  # noqa: S324 - the format's algorithm


def _symfony(found: re.Match[str], attempt: bytes) -> bool:
    salted = attempt + (b"{" + found["salt"].encode() + b"}" if found["salt"] else b"")
    key = hashlib.sha512(salted).digest()
    for _ in range(1, int(found["rounds"])):
        key = hashlib.sha512(key + salted).digest()
    return _same(key, base64.b64decode(found["key"]))


def _phpass(found: re.Match[str], attempt: bytes) -> bool:
    salt = found["salt"].encode()
    key = hashlib.md5(salt + attempt).digest()  # noqa: S324
    for _ in range(1 << _CRYPT_ALPHABET.index(found["rounds"])):
        key = hashlib.md5(key + attempt).digest()  # noqa: S324
    return _same(_phpass_text(key).encode(), found["key"].encode())


def _phpass_of_md5(found: re.Match[str], attempt: bytes) -> bool:
    return _phpass(found, hashlib.md5(attempt).hexdigest().encode())  # noqa: S324


def _phpass_text(key: bytes) -> str:
    """Base 64 in the order of phpass: the lowest six bits of each three bytes first."""
    text = ""
    for place in range(0, len(key), 3):
        part = key[place : place + 3]
        value = int.from_bytes(part, "little")
        text += "".join(_CRYPT_ALPHABET[value >> 6 * each & 63] for each in range(len(part) + 1))
    return text


def _werkzeug(found: re.Match[str], attempt: bytes) -> bool:
    n, r, p = int(found["n"]), int(found["r"]), int(found["p"])
    size = 132 * n * r * p
    made = hashlib.scrypt(attempt, salt=found["salt"].encode(), n=n, r=r, p=p, maxmem=size, dklen=64)
    return _same(made, bytes.fromhex(found["key"]))


def _firebase(found: re.Match[str], attempt: bytes) -> bool:
    key, salt, signer, separator = (base64.b64decode(found[name]) for name in ("key", "salt", "signer", "separator"))
    rounds, n = int(found["rounds"]), 1 << int(found["memory"])
    derived = hashlib.scrypt(attempt, salt=salt + separator, n=n, r=rounds, p=1, maxmem=256 * n * rounds, dklen=64)
    cipher = Cipher(algorithms.AES(derived[:32]), modes.CTR(bytes(16))).encryptor()
    return _same(cipher.update(signer) + cipher.finalize(), key)


def _same(one: bytes, other: bytes) -> bool:
    return hmac.compare_digest(one, other)


_DOLLARS = r"\$(?P<rounds>[1-9]\d{{0,7}})\$(?P<salt>{salt})\$(?P<key>{key})"
_HEX = r"(?:[0-9a-fA-F]{2})+"
_PHPASS = r"\$[PH]\$(?P<rounds>[5-9A-S])(?P<salt>[./0-9A-Za-z]{8})(?P<key>[./0-9A-Za-z]{22})"
_LENGTH = r"(?:\$(?P<length>[1-9]\d{0,2}))?"
_HASHERS: dict[str, tuple[str, Check]] = {
    "argon2i": (rf"\$argon2i{_ARGON2}", _argon2),
    "argon2id": (rf"\$argon2id{_ARGON2}", _argon2),
    "bcrypt": (rf"({_BCRYPT})", _bcrypt),
    "bcrypt_sha256_django": (rf"bcrypt_sha256\$({_BCRYPT})", _bcrypt_django),
    "ldap_ssha": (rf"\{{SSHA\}}({_B64})", _ssha),
    "md5": (r"[0-9a-fA-F]{32}", _plain("md5")),
    "md5_phpass": (_PHPASS, _phpass_of_md5),
    "phpass": (_PHPASS, _phpass),
    "pbkdf2_sha1": (
        "pbkdf2_sha1" + _DOLLARS.format(salt=_HEX, key=_HEX) + _LENGTH,
        _pbkdf2("sha1", bytes.fromhex, bytes.fromhex),
    ),
    "pbkdf2_sha256": (
        "pbkdf2_sha256" + _DOLLARS.format(salt=_B64, key=_B64),
        _pbkdf2("sha256", base64.b64decode, base64.b64decode),
    ),
    "pbkdf2_sha256_django": (
        "pbkdf2_sha256" + _DOLLARS.format(salt=r"[^$]+", key=_B64),
        _pbkdf2("sha256", str.encode, base64.b64decode),
    ),
    "pbkdf2_sha512": (
        "pbkdf2_sha512" + _DOLLARS.format(salt=r"[^$]+", key=_HEX),
        _pbkdf2("sha512", str.encode, bytes.fromhex, 64),
    ),
    "pbkdf2_sha512_hex": (
        "pbkdf2_sha512_hex" + _DOLLARS.format(salt=_HEX, key=_HEX),
        _pbkdf2("sha512", bytes.fromhex, bytes.fromhex, 64),
    ),
    "scrypt_firebase": (
        rf"(?P<key>{_B64})\$(?P<salt>{_B64})\$(?P<signer>{_B64})\$(?P<separator>{_B64})\$"
        r"(?P<rounds>[1-9]\d?)\$(?P<memory>[1-9]\d?)",
        _firebase,
    ),
    "scrypt_werkzeug": (
        rf"scrypt:(?P<n>\d+):(?P<r>\d+):(?P<p>\d+)\$(?P<salt>[^$]+)\$(?P<key>{_HEX})",
        _werkzeug,
    ),
    "sha256": (r"[0-9a-fA-F]{64}", _plain("sha256")),
    "sha512_symfony": (
        rf"sha512_symfony\$(?P<rounds>[1-9]\d{{0,5}})\$(?P<salt>[^$]*)\$(?P<key>{_B64})",
        _symfony,
    ),
}
HASHERS = tuple(_HASHERS)
"""The names of the supported algorithms."""
