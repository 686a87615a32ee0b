"""The attack table: what must never open, and why it did not."""

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

from clerk.keyring import Keyring
from clerk.keys import PinnedKey
from clerk.session import Session
from clerk.tokens import LONGEST_TOKEN, InvalidToken, KeysUnavailable, Reason, TokenVerifier
from tests.clerk_signs_in import ADA, ISSUER, PARTY, Instance, encoded
from tests.local_server import serving

INSTANCE = Instance()
OTHER = Instance(key=1)
NOW = int(time.time())


def tokens(**choices: Any) -> TokenVerifier:
    """What judges the tokens of our instance, for one party unless told otherwise."""
    return TokenVerifier(ISSUER, PinnedKey(INSTANCE.pem), **{"parties": [PARTY], **choices})


def refusal(token: str, **choices: Any) -> Reason:
    """Why a token is refused."""
    with pytest.raises(InvalidToken) as refused:
        tokens(**choices).verify(token)
    return refused.value.reason


def unsigned(header: object, claims: object, signature: str = "") -> str:
    """A token of these parts, as written."""
    return f"{encoded(header)}.{encoded(claims)}.{signature}"


def hs256_with_the_public_key() -> str:
    """The old confusion: the public key taken for a shared secret."""
    signed = f"{encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': INSTANCE.kid})}.{encoded(INSTANCE.claims())}"
    return f"{signed}.{encoded(hmac.digest(INSTANCE.pem.encode(), signed.encode(), hashlib.sha256))}"


def with_other_claims() -> str:
    """A true signature over other claims."""
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
def test_an_attack_opens_nothing_and_its_reason_is_known(attack: str) -> None:
    token, reason = ATTACKS[attack]
    assert refusal(token()) is reason


def test_a_session_token_opens_to_its_session() -> None:
    assert tokens().verify(INSTANCE.token(iat=NOW - 5)) == Session(
        clerk_id=ADA, session_id="sess_1", actor=None, party=PARTY, issued_at=NOW - 5
    )


def test_an_impersonated_session_says_who_is_acting() -> None:
    token = INSTANCE.token(act={"iss": "https://dashboard.clerk.com", "sub": "user_admin"})
    assert tokens().verify(token).actor == "user_admin"


def test_without_configured_parties_any_party_and_none_may_call() -> None:
    assert tokens(parties=()).verify(INSTANCE.token(azp="https://other.example.com")).clerk_id == ADA
    assert tokens(parties=()).verify(INSTANCE.token(azp=None)).party is None


@pytest.mark.parametrize("azp", ["https://LMS.example.com", "https://lms.example.com:443", PARTY])
def test_a_party_is_compared_as_browsers_write_it(azp: str) -> None:
    assert tokens().verify(INSTANCE.token(azp=azp)).party == PARTY


def test_a_token_of_a_template_opens_only_where_no_session_id_is_needed() -> None:
    made = INSTANCE.token(sid=None, sts=None, v=None)
    assert refusal(made) is Reason.CLAIM_MISSING
    assert tokens(needs_session_id=False).verify(made).session_id is None
    assert refusal(INSTANCE.token(sid=""), needs_session_id=False) is Reason.CLAIM_MALFORMED
    assert refusal(INSTANCE.token(sid=7), needs_session_id=False) is Reason.CLAIM_MALFORMED


def test_a_token_of_an_older_version_without_status_opens() -> None:
    assert tokens().verify(INSTANCE.token(sts=None, v=None)).clerk_id == ADA


def test_an_audience_that_an_administrator_added_does_no_harm() -> None:
    assert tokens().verify(INSTANCE.token(aud="anything")).clerk_id == ADA


def test_clocks_may_differ_by_the_leeway_and_not_more() -> None:
    just_expired = INSTANCE.token(age=64)
    assert tokens(leeway_seconds=10).verify(just_expired).clerk_id == ADA
    assert refusal(just_expired, leeway_seconds=1) is Reason.EXPIRED


@pytest.mark.parametrize("seconds", [-1, 11, 3_600])
def test_a_leeway_beyond_ten_seconds_cannot_be_chosen(seconds: float) -> None:
    with pytest.raises(ValueError, match="leeway"):
        tokens(leeway_seconds=seconds)


def test_no_address_in_a_token_is_ever_followed() -> None:
    with serving() as attacker:
        header = {"jku": f"{attacker.url}/keys", "x5u": f"{attacker.url}/certificate", "kid": f"{attacker.url}/kid"}
        assert refusal(OTHER.token(header=header, iss=attacker.url)) is Reason.SIGNATURE_WRONG
        assert attacker.asked == []


def test_the_pem_in_the_settings_opens_tokens_of_any_kid() -> None:
    pem = INSTANCE.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert TokenVerifier(ISSUER, PinnedKey(pem)).verify(INSTANCE.token(header={"kid": "ins_renamed"})).clerk_id == ADA


@given(st.text(max_size=300) | st.binary(max_size=300).map(encoded).map(lambda part: f"{part}.{part}.{part}"))
def test_nothing_a_stranger_sends_fails_otherwise_than_refused(token: str) -> None:
    with pytest.raises(InvalidToken):
        tokens().verify(token)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
HEADERS = st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jku", "x5c"]), JSON | st.just("RS256"))


@given(HEADERS, JSON)
def test_no_header_of_a_strangers_fails_otherwise_than_refused(header: dict[str, Any], claims: Any) -> None:
    with pytest.raises(InvalidToken):
        tokens().verify(unsigned(header, claims, "AAAA"))


def with_claim(written: str) -> str:
    """A truly signed token whose claims end in something that no JSON writer would write."""
    claims = json.dumps(INSTANCE.claims())[:-1] + f', "{written}}}'
    return jwt.PyJWS().encode(claims.encode(), INSTANCE.key, "RS256", {"kid": INSTANCE.kid})


NUMBERS = ["9" * 4_000, "-" + "9" * 4_000, "9" * 5_000, "1e999", "-1e999", "NaN", "Infinity", "-Infinity", "1e-999"]
ODD = [*NUMBERS, "[" * 2_400 + "]" * 2_400, "[" * 2_400, '"\\ud800"', '"\\u0000"', "{}", "null", "true"]


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat", "iss", "sub", "sid", "azp", "sts", "act", "x"])
@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd[:12])
def test_no_number_or_depth_fails_otherwise_than_refused(claim: str, odd: str) -> None:
    with contextlib.suppress(InvalidToken):
        assert isinstance(tokens().verify(with_claim(f'{claim}": {odd}')), Session)


CLAIMS = st.sampled_from(["exp", "nbf", "iat", "iss", "sub", "sid", "azp", "sts", "act", "aud"])


@given(st.dictionaries(CLAIMS, JSON, min_size=1))
def test_whatever_clerk_signs_is_a_session_or_refused(said: dict[str, Any]) -> None:
    token = INSTANCE.sign(INSTANCE.claims() | said)
    with contextlib.suppress(InvalidToken):
        assert isinstance(tokens(parties=()).verify(token), Session)


def test_before_any_key_is_known_a_token_is_neither_accepted_nor_refused() -> None:
    with pytest.raises(KeysUnavailable):
        TokenVerifier(ISSUER, Keyring(ISSUER)).verify(INSTANCE.token())
