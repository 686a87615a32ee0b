"""Digests of Keycloak in the form that Clerk takes, verified as Clerk documents it."""

import base64
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev.clerk import passwords as clerk
from dev.clerk.user import Password
from keycloak import passwords
from keycloak.passwords import Problem
from tests.keycloak.exports import ANSWERS

Credential = dict[str, Any]
VERSIONS = {"1.3": 19, "1.0": 16}


def ids(answer: Credential) -> str:
    name: str = answer["name"]
    return name


def verifies(digest: passwords.Digest, attempt: str) -> bool:
    """Whether the development Clerk accepts a password, and would accept the digest of a new user."""
    stored = Password(digest.hasher, digest.text)
    clerk.check_digest(stored)
    return clerk.verify(stored, attempt)


@pytest.mark.parametrize("answer", ANSWERS["passwords"], ids=ids)
def test_a_digest_with_a_known_answer_is_translated(answer: Credential) -> None:
    digest = passwords.digest(answer["credential"])
    assert (digest.hasher, digest.text) == (answer["hasher"], answer["digest"])


@pytest.mark.parametrize("answer", ANSWERS["passwords"], ids=ids)
def test_the_password_of_a_known_answer_verifies(answer: Credential) -> None:
    assert verifies(passwords.digest(answer["credential"]), answer["password"])


@pytest.mark.parametrize("answer", ANSWERS["refused"], ids=ids)
def test_what_clerk_could_not_verify_is_refused_with_its_reason(answer: Credential) -> None:
    with pytest.raises(passwords.Refused) as refused:
        passwords.digest(passwords.current([answer["credential"]]))
    assert refused.value.problem == answer["problem"]


def flat(algorithm: str, rounds: int, salt: bytes, key: bytes) -> Credential:
    """A credential as Keycloak up to 7 exports it."""
    return {
        "type": "password",
        "algorithm": algorithm,
        "hashIterations": rounds,
        "salt": base64.b64encode(salt).decode(),
        "hashedSaltedValue": base64.b64encode(key).decode(),
    }


def nested(algorithm: str, rounds: int, salt: bytes, key: bytes, **parameters: object) -> Credential:
    """A credential as newer versions export it."""
    secret, data = flat(algorithm, rounds, salt, key), {name: [str(each)] for name, each in parameters.items()}
    return {
        "type": "password",
        "secretData": f'{{"value": "{secret["hashedSaltedValue"]}", "salt": "{secret["salt"]}"}}',
        "credentialData": (
            f'{{"hashIterations": {rounds}, "algorithm": "{algorithm}", "additionalParameters": '
            + str(data).replace("'", '"')
            + "}"
        ),
    }


PBKDF2 = {
    "pbkdf2": ("sha1", (16, 20, 32, 64)),
    "pbkdf2-sha256": ("sha256", (32, 64)),
    "pbkdf2-sha512": ("sha512", (64, 80)),
}
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
SALTS = st.binary(min_size=1, max_size=24)


@given(data=st.data(), password=WORDS, salt=SALTS, rounds=st.integers(1, 50), form=st.sampled_from([flat, nested]))
def test_any_pbkdf2_digest_verifies_at_clerk(
    data: st.DataObject, password: str, salt: bytes, rounds: int, form: Any
) -> None:
    algorithm = data.draw(st.sampled_from(sorted(PBKDF2)))
    name, lengths = PBKDF2[algorithm]
    key = hashlib.pbkdf2_hmac(name, password.encode(), salt, rounds, data.draw(st.sampled_from(lengths)))
    digest = passwords.digest(form(algorithm, rounds, salt, key))
    assert verifies(digest, password)
    assert not verifies(digest, password + "x")


@given(
    password=WORDS,
    salt=st.binary(min_size=8, max_size=24),
    kind=st.sampled_from(["i", "id"]),
    version=st.sampled_from(sorted(VERSIONS)),
    length=st.integers(16, 48),
)
def test_any_argon2_digest_verifies_at_clerk(password: str, salt: bytes, kind: str, version: str, length: int) -> None:
    from argon2.low_level import Type, hash_secret_raw

    made = hash_secret_raw(
        password.encode(), salt, 1, 16, 1, length, {"i": Type.I, "id": Type.ID}[kind], VERSIONS[version]
    )
    credential = nested("argon2", 1, salt, made, type=kind, version=version, memory=16, parallelism=1)
    digest = passwords.digest(credential)
    assert verifies(digest, password)
    assert not verifies(digest, password + "x")


@given(
    credential=st.fixed_dictionaries(
        {"type": st.just("password")},
        optional={
            name: st.none()
            | st.integers()
            | st.text(max_size=9)
            | st.sampled_from(["[]", "{}", '{"value": 1}', "****"])
            for name in ("secretData", "credentialData", "hashedSaltedValue", "salt", "hashIterations", "algorithm")
        },
    )
)
def test_any_other_credential_is_refused_and_raises_nothing_else(credential: Credential) -> None:
    with pytest.raises(passwords.Refused):
        passwords.digest(credential)
    assert passwords.read(credential).algorithm


@pytest.mark.parametrize(("algorithm", "length"), [("pbkdf2", 15), ("pbkdf2-sha256", 31), ("pbkdf2-sha512", 63)])
def test_a_key_that_is_shorter_than_what_clerk_compares_is_refused(algorithm: str, length: int) -> None:
    with pytest.raises(passwords.Refused) as refused:
        passwords.digest(flat(algorithm, 1, b"salt", bytes(length)))
    assert refused.value.problem is Problem.TOO_SHORT


def test_the_password_with_the_lowest_priority_is_in_use_and_earlier_ones_never_are() -> None:
    earlier, first, second = (
        {"type": "password-history"},
        {"type": "password", "priority": 10},
        {"type": "password", "priority": 20},
    )
    assert passwords.current([earlier, second, first]) is first
    assert passwords.current([earlier, {"type": "otp"}]) is None


def test_a_digest_shows_no_secret() -> None:
    assert ANSWERS["passwords"][0]["digest"] not in repr(passwords.digest(ANSWERS["passwords"][0]["credential"]))
