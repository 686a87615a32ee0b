"""The cache of verified tokens: a hit returns the same session, and no invalid token is accepted."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akako_guard.keyring import Keyring
from akako_guard.keys import PinnedKey
from akako_guard.session import Session
from akako_guard.token_cache import CachedToken, TokenCache
from akako_guard.tokens import InvalidToken, Reason, TokenVerifier
from tests.clerk_signs_in import ADA, ISSUER, PARTY, Instance
from tests.dev.groups import until
from tests.local_server import serving
from tests.sdk.test_keyring import published

INSTANCE = Instance()
OTHER_KID = Instance(kid="ins_other", key=1)
SAME_KID = Instance(key=1)


@pytest.fixture
def resources() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def refusal(tokens: TokenVerifier, token: str) -> Reason:
    with pytest.raises(InvalidToken) as refused:
        tokens.verify(token)
    return refused.value.reason


def is_refused(tokens: TokenVerifier, token: str) -> bool:
    try:
        tokens.verify(token)
    except InvalidToken:
        return True
    return False


def keyring(resources: ExitStack, *sets: Instance) -> Keyring:
    """A key source whose published keys change in turn."""
    issuer = resources.enter_context(serving(*map(published, sets)))
    keys = Keyring(issuer.url, pause_seconds=0)
    resources.callback(keys.close)
    fetch(keys)
    return keys


def fetch(keys: Keyring) -> None:
    pending = keys.refresh()
    assert pending is not None
    pending.result(10)


def test_a_cached_token_returns_the_same_session() -> None:
    tokens = TokenVerifier(ISSUER, PinnedKey(INSTANCE.pem), parties=[PARTY])
    token = INSTANCE.token()
    assert [tokens.verify(token).clerk_id for _ in range(3)] == [ADA] * 3
    assert tokens.verify(token) is tokens.verify(token)


@pytest.mark.parametrize(("newer", "reason"), [(OTHER_KID, Reason.KEY_UNKNOWN), (SAME_KID, Reason.SIGNATURE_WRONG)])
def test_a_cached_token_is_refused_as_soon_as_its_key_is_no_longer_published(
    resources: ExitStack, newer: Instance, reason: Reason
) -> None:
    keys = keyring(resources, INSTANCE, newer)
    tokens, token = TokenVerifier(ISSUER, keys), INSTANCE.token()
    assert tokens.verify(token).clerk_id == ADA
    fetch(keys)
    assert refusal(tokens, token) is reason


def test_a_cached_token_expires() -> None:
    tokens = TokenVerifier(ISSUER, PinnedKey(INSTANCE.pem), leeway_seconds=0)
    token = INSTANCE.token(exp=int(time.time()) + 2)
    assert tokens.verify(token).clerk_id == ADA
    until(lambda: is_refused(tokens, token))
    assert refusal(tokens, token) is Reason.EXPIRED


def test_a_refused_token_is_refused_again() -> None:
    tokens = TokenVerifier(ISSUER, PinnedKey(INSTANCE.pem), parties=[PARTY])
    for token in (SAME_KID.token(), INSTANCE.token(azp="https://evil.example.com"), INSTANCE.token(sts="pending")):
        assert refusal(tokens, token) is refusal(tokens, token)


@given(st.integers(min_value=0, max_value=300), st.sampled_from("AZaz09-_."))
def test_a_token_that_differs_by_one_character_is_refused(place: int, letter: str) -> None:
    tokens, token = TokenVerifier(ISSUER, PinnedKey(INSTANCE.pem)), INSTANCE.token()
    tokens.verify(token)
    changed = token[:place] + letter + token[place + 1 :]
    assert is_refused(tokens, changed) is (changed != token)


def test_the_cache_is_bounded() -> None:
    cache = TokenCache(most=3)
    key = INSTANCE.key.public_key()
    for number in range(1_000):
        session = Session(clerk_id=ADA, session_id=f"sess_{number}", issued_at=0)
        cache.put(b"%d" % number, CachedToken(session=session, kid="ins", key=key, valid_from=0, expires=1))
    assert [cache.find(b"%d" % number) is not None for number in (0, 996, 997, 998, 999)] == [False, False, *[True] * 3]
    assert len(cache) == 3
