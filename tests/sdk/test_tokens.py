"""Attacks on token verification and their refusal reasons, and the tokens that are accepted."""

import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from akako_guard.keyring import Keyring
from akako_guard.keys import PinnedKey
from akako_guard.session import Session
from akako_guard.tokens import LONGEST_TOKEN, InvalidToken, KeysUnavailable, Reason, TokenVerifier
from tests.clerk_signs_in import ADA, ISSUER, PARTY, Instance, encoded
from tests.local_server import serving

INSTANCE = Instance()
OTHER = Instance(key=1)
NOW = int(time.time())


def tokens(**choices: Any) -> TokenVerifier:
    """A verifier for the test instance, with one party by default."""
    return TokenVerifier(ISSUER, PinnedKey(INSTANCE.pem), **{"parties": [PARTY], **choices})


def refusal(token: str, **choices: Any) -> Reason:
    """The reason why a token is refused."""
    with pytest.raises(InvalidToken) as refused:
        tokens(**choices).verify(token)
    return refused.value.reason


def unsigned(header: object, claims: object, signature: str = "") -> str:
    """A token assembled from these parts, without signing."""
    return f"{encoded(header)}.{encoded(claims)}.{signature}"


def hs256_with_the_public_key() -> str:
    """Algorithm confusion: the public key used as an HMAC secret."""
    signed = f"{encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': INSTANCE.kid})}.{encoded(INSTANCE.claims())}"
    return f"{signed}.{encoded(hmac.digest(INSTANCE.pem.encode(), signed.encode(), hashlib.sha256))}"


def with_other_claims() -> str:
    """A valid signature combined with other claims."""
    header, _, signature = INSTANCE.token().split(".")
    return f"{header}.{encoded(INSTANCE.claims('user_admin'))}.{signature}"


ATTACKS: dict[str, tuple[Callable[[], str], Reason]] = {
    "alg none": (lambda: unsigned({"alg": "none", "kid": INSTANCE.kid}, INSTANCE.claims()), Reason.ALGORITHM_WRONG),
    "alg NONE": (lambda: unsigned({"alg": "NONE", "kid": INSTANCE.kid}, INSTANCE.claims()), Reason.ALGORITHM_WRONG),
    "alg absent": (lambda: unsigned({"kid": INSTANCE.kid}, INSTANCE.claims()), Reason.ALGORITHM_WRONG),
    "RS256 with no signature": (lambda: unsigned({"alg": "RS256"}, INSTANCE.claims()), Reason.SIGNATURE_WRONG),
    "HS256 with the public key": (hs256_with_the_public_key, Reason.ALGORITHM_WRONG),
    "true signature of other claims": (with_other_claims, Reason.SIGNATURE_WRONG),
    "key of another instance under our kid": (OTHER.token, Reason.SIGNATURE_WRONG),
    "embedded key": (lambda: OTHER.token(header={"jwk": OTHER.jwk()}), Reason.SIGNATURE_WRONG),
    "wrong issuer, right key": (lambda: INSTANCE.token(iss="https://evil.example.com"), Reason.ISSUER_WRONG),
    "issuer with a slash more": (lambda: INSTANCE.token(iss=ISSUER + "/"), Reason.ISSUER_WRONG),
    "several issuers": (lambda: INSTANCE.sign(INSTANCE.claims() | {"iss": [ISSUER]}), Reason.ISSUER_WRONG),
    "expired": (lambda: INSTANCE.token(age=80), Reason.EXPIRED),
    "not yet valid": (lambda: INSTANCE.token(nbf=NOW + 3_600), Reason.NOT_YET_VALID),
    "issued in the future": (lambda: INSTANCE.token(iat=NOW + 3_600), Reason.NOT_YET_VALID),
    "no exp": (lambda: INSTANCE.token(exp=None), Reason.CLAIM_MISSING),
    "no nbf": (lambda: INSTANCE.token(nbf=None), Reason.CLAIM_MISSING),
    "no iat": (lambda: INSTANCE.token(iat=None), Reason.CLAIM_MISSING),
    "no iss": (lambda: INSTANCE.token(iss=None), Reason.CLAIM_MISSING),
    "no sub": (lambda: INSTANCE.token(sub=None), Reason.CLAIM_MISSING),
    "no sid": (lambda: INSTANCE.token(sid=None), Reason.CLAIM_MISSING),
    "sub of no text": (lambda: INSTANCE.token(sub=7), Reason.CLAIM_MALFORMED),
    "empty sub": (lambda: INSTANCE.token(sub=""), Reason.CLAIM_MALFORMED),
    "sub with a NUL": (lambda: INSTANCE.token(sub="user\0ada"), Reason.CLAIM_MALFORMED),
    "empty sid": (lambda: INSTANCE.token(sid=""), Reason.CLAIM_MALFORMED),
    "exp without end": (lambda: INSTANCE.token(exp=float("inf")), Reason.MALFORMED),
    "exp of no number": (lambda: INSTANCE.token(exp="soon"), Reason.MALFORMED),
    "exp as text": (lambda: INSTANCE.token(exp=str(int(time.time()) + 60)), Reason.CLAIM_MALFORMED),
    "iat of no number": (lambda: INSTANCE.token(iat=True), Reason.CLAIM_MALFORMED),
    "wrong party": (lambda: INSTANCE.token(azp="https://evil.example.com"), Reason.PARTY_WRONG),
    "no party": (lambda: INSTANCE.token(azp=None), Reason.PARTY_WRONG),
    "a list of parties": (lambda: INSTANCE.token(azp=[PARTY]), Reason.CLAIM_MALFORMED),
    "pending": (lambda: INSTANCE.token(sts="pending"), Reason.SESSION_PENDING),
    "an unheard-of status": (lambda: INSTANCE.token(sts="ACTIVE"), Reason.SESSION_PENDING),
    "an impersonator without a name": (lambda: INSTANCE.token(act={}), Reason.CLAIM_MALFORMED),
    "an impersonator of no shape": (lambda: INSTANCE.token(act="user_admin"), Reason.CLAIM_MALFORMED),
    "oversized": (lambda: INSTANCE.token(padding="x" * LONGEST_TOKEN), Reason.TOO_LARGE),
    "a critical header": (lambda: INSTANCE.token(header={"crit": ["exp"]}), Reason.ALGORITHM_WRONG),
    "a token of another type": (lambda: INSTANCE.token(header={"typ": "at+jwt"}), Reason.MALFORMED),
    "kid of no text": (lambda: unsigned({"alg": "RS256", "kid": 1}, INSTANCE.claims()), Reason.MALFORMED),
    "empty": (lambda: "", Reason.MALFORMED),
    "garbage": (lambda: "garbage", Reason.MALFORMED),
    "dots": (lambda: "..", Reason.MALFORMED),
    "four parts": (lambda: INSTANCE.token() + ".more", Reason.MALFORMED),
    "a header of no object": (lambda: unsigned([], INSTANCE.claims()), Reason.MALFORMED),
    "a deep header": (lambda: unsigned(b"[" * 3_000, {}), Reason.MALFORMED),
    "letters of another script": (
        lambda: INSTANCE.token().replace("e", "\N{CYRILLIC SMALL LETTER IE}"),
        Reason.MALFORMED,
    ),
    "a signature of no base64": (lambda: INSTANCE.token() + "!", Reason.MALFORMED),
    "white space inside": (lambda: INSTANCE.token().replace(".", " ."), Reason.MALFORMED),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_with_its_reason(attack: str) -> None:
    token, reason = ATTACKS[attack]
    assert refusal(token()) is reason


def test_a_valid_token_returns_its_session() -> None:
    assert tokens().verify(INSTANCE.token(iat=NOW - 5)) == Session(
        clerk_id=ADA, session_id="sess_1", actor=None, party=PARTY, issued_at=NOW - 5
    )


def test_an_impersonated_session_has_the_impersonator_as_actor() -> None:
    token = INSTANCE.token(act={"iss": "https://dashboard.clerk.com", "sub": "user_admin"})
    assert tokens().verify(token).actor == "user_admin"


def test_without_configured_parties_any_or_no_party_is_accepted() -> None:
    assert tokens(parties=()).verify(INSTANCE.token(azp="https://other.example.com")).clerk_id == ADA
    assert tokens(parties=()).verify(INSTANCE.token(azp=None)).party is None


@pytest.mark.parametrize("azp", ["https://LMS.example.com", "https://lms.example.com:443", PARTY])
def test_a_party_is_compared_in_serialized_form(azp: str) -> None:
    assert tokens().verify(INSTANCE.token(azp=azp)).party == PARTY


def test_a_template_token_is_accepted_only_if_no_session_id_is_needed() -> None:
    made = INSTANCE.token(sid=None, sts=None, v=None)
    assert refusal(made) is Reason.CLAIM_MISSING
    assert tokens(needs_session_id=False).verify(made).session_id is None
    assert refusal(INSTANCE.token(sid=""), needs_session_id=False) is Reason.CLAIM_MALFORMED
    assert refusal(INSTANCE.token(sid=7), needs_session_id=False) is Reason.CLAIM_MALFORMED


def test_an_older_token_without_sts_is_accepted() -> None:
    assert tokens().verify(INSTANCE.token(sts=None, v=None)).clerk_id == ADA


def test_an_audience_is_ignored() -> None:
    assert tokens().verify(INSTANCE.token(aud="anything")).clerk_id == ADA


def test_times_are_checked_with_the_leeway() -> None:
    just_expired = INSTANCE.token(age=64)
    assert tokens(leeway_seconds=10).verify(just_expired).clerk_id == ADA
    assert refusal(just_expired, leeway_seconds=1) is Reason.EXPIRED


@pytest.mark.parametrize("seconds", [-1, 11, 3_600])
def test_a_leeway_of_more_than_ten_seconds_is_rejected(seconds: float) -> None:
    with pytest.raises(ValueError, match="leeway"):
        tokens(leeway_seconds=seconds)


def test_no_url_in_a_token_is_requested() -> None:
    with serving() as attacker:
        header = {"jku": f"{attacker.url}/keys", "x5u": f"{attacker.url}/certificate", "kid": f"{attacker.url}/kid"}
        assert refusal(OTHER.token(header=header, iss=attacker.url)) is Reason.SIGNATURE_WRONG
        assert attacker.asked == []


def test_a_pinned_key_verifies_tokens_of_any_kid() -> None:
    pem = INSTANCE.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert TokenVerifier(ISSUER, PinnedKey(pem)).verify(INSTANCE.token(header={"kid": "ins_renamed"})).clerk_id == ADA


@given(st.text(max_size=300) | st.binary(max_size=300).map(encoded).map(lambda part: f"{part}.{part}.{part}"))
def test_any_text_raises_only_a_refusal(token: str) -> None:
    with pytest.raises(InvalidToken):
        tokens().verify(token)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
HEADERS = st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jku", "x5c"]), JSON | st.just("RS256"))


@given(HEADERS, JSON)
def test_any_header_raises_only_a_refusal(header: dict[str, Any], claims: Any) -> None:
    with pytest.raises(InvalidToken):
        tokens().verify(unsigned(header, claims, "AAAA"))


def with_claim(written: str) -> str:
    """A validly signed token whose claims end in raw text that a JSON encoder does not produce."""
    claims = json.dumps(INSTANCE.claims())[:-1] + f', "{written}}}'
    return jwt.PyJWS().encode(claims.encode(), INSTANCE.key, "RS256", {"kid": INSTANCE.kid})


NUMBERS = ["9" * 4_000, "-" + "9" * 4_000, "9" * 5_000, "1e999", "-1e999", "NaN", "Infinity", "-Infinity", "1e-999"]
ODD = [*NUMBERS, "[" * 2_400 + "]" * 2_400, "[" * 2_400, '"\\ud800"', '"\\u0000"', "{}", "null", "true"]


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat", "iss", "sub", "sid", "azp", "sts", "act", "x"])
@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd[:12])
def test_any_number_or_depth_raises_only_a_refusal(claim: str, odd: str) -> None:
    with contextlib.suppress(InvalidToken):
        assert isinstance(tokens().verify(with_claim(f'{claim}": {odd}')), Session)


CLAIMS = st.sampled_from(["exp", "nbf", "iat", "iss", "sub", "sid", "azp", "sts", "act", "aud"])


@given(st.dictionaries(CLAIMS, JSON, min_size=1))
def test_any_signed_claims_are_a_session_or_refused(fields: dict[str, Any]) -> None:
    token = INSTANCE.sign(INSTANCE.claims() | fields)
    with contextlib.suppress(InvalidToken):
        assert isinstance(tokens(parties=()).verify(token), Session)


def test_without_keys_a_token_is_neither_accepted_nor_refused() -> None:
    with pytest.raises(KeysUnavailable):
        TokenVerifier(ISSUER, Keyring(ISSUER)).verify(INSTANCE.token())
