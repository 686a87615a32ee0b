import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from jwt.algorithms import RSAAlgorithm

from akako_guard import keys
from akako_guard.keyring import PATH, Keyring
from akako_guard.tokens import InvalidToken, Reason, TokenVerifier
from tests.clerk_signs_in import Instance, private_key
from tests.local_server import Answer, LocalServer, serving

INSTANCE = Instance()
RENEWED = Instance(kid="ins_renewed", key=1)
UNAVAILABLE = Answer(b"unavailable", 503)


def published(*instances: Instance, **fields: object) -> Answer:
    """The key set of these instances as a response."""
    return Answer(json.dumps({"keys": [instance.jwk(**fields) for instance in instances]}).encode())


@pytest.fixture
def resources() -> Iterator[ExitStack]:
    """Closes the resources of a test."""
    with ExitStack() as stack:
        yield stack


Open = Callable[..., tuple[Keyring, LocalServer]]


@pytest.fixture
def keyring(resources: ExitStack) -> Open:
    """A keyring, and the issuer that gives it these responses in turn."""

    def make(*answers: Answer, **choices: float) -> tuple[Keyring, LocalServer]:
        issuer = resources.enter_context(serving(*answers))
        ring = Keyring(issuer.url, **{"pause_seconds": 0.0, **choices})  # type: ignore[arg-type]  # floats by name
        resources.callback(ring.close)
        return ring, issuer

    return make


def fetch(ring: Keyring) -> None:
    """Fetch the keys and wait for completion."""
    pending = ring.refresh()
    assert pending is not None
    pending.result(10)


def wait_until(condition: Callable[[], object]) -> None:
    """Wait for a condition, for ten seconds at most."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_keys_are_fetched_from_the_issuer(keyring: Open) -> None:
    ring, issuer = keyring(published(INSTANCE))
    fetch(ring)
    assert ring.find(INSTANCE.kid) == INSTANCE.key.public_key()
    assert [pending.path for pending in issuer.asked] == [PATH]


def test_nothing_is_fetched_until_a_token_needs_it(keyring: Open) -> None:
    ring, issuer = keyring(published(INSTANCE))
    assert ring.find(INSTANCE.kid) is None
    assert issuer.asked == []


def test_concurrent_unknown_kids_share_one_fetch(keyring: Open) -> None:
    hold = threading.Event()
    ring, issuer = keyring(Answer(published(INSTANCE).body, hold=hold), pause_seconds=600)
    with ThreadPoolExecutor(8) as callers:
        pending = list(callers.map(lambda _: ring.refresh(), range(200)))
    hold.set()
    assert [one.result(10) for one in pending if one is not None] == [None] * 200
    assert len(issuer.asked) == 1


def test_an_unknown_kid_causes_no_fetch_within_the_pause(keyring: Open) -> None:
    ring, issuer = keyring(published(INSTANCE), pause_seconds=600)
    fetch(ring)
    tokens = TokenVerifier(issuer.url, ring)
    for number in range(50):
        with pytest.raises(InvalidToken, match=Reason.KEY_UNKNOWN):
            tokens.verify(Instance(issuer.url, kid=f"ins_{number}").token())
        assert ring.refresh() is None
    assert len(issuer.asked) == 1


def test_a_failed_fetch_is_not_repeated_within_the_pause(keyring: Open) -> None:
    ring, issuer = keyring(UNAVAILABLE, pause_seconds=600)
    fetch(ring)
    assert [ring.refresh() for _ in range(50)] == [None] * 50
    assert len(issuer.asked) == 1


def test_a_new_key_is_fetched_for_the_first_token_that_needs_it(keyring: Open) -> None:
    ring, _ = keyring(published(INSTANCE), published(INSTANCE, RENEWED))
    fetch(ring)
    fetch(ring)
    assert ring.find(RENEWED.kid) == RENEWED.key.public_key()


def test_a_key_that_is_no_longer_published_is_dropped(keyring: Open) -> None:
    ring, _ = keyring(published(INSTANCE, RENEWED), published(RENEWED))
    fetch(ring)
    fetch(ring)
    assert ring.find(INSTANCE.kid) is None


def test_keys_are_refreshed_in_the_background(keyring: Open) -> None:
    ring, issuer = keyring(published(INSTANCE), published(RENEWED), refresh_seconds=0.02)
    fetch(ring)
    wait_until(lambda: ring.find(RENEWED.kid))
    assert len(issuer.asked) >= 2


BAD = {
    "unavailable": (UNAVAILABLE, "BadAnswer"),
    "redirected": (Answer(b"", 302, {"Location": "/elsewhere"}), "BadAnswer"),
    "empty": (Answer(b""), "JSONDecodeError"),
    "not JSON": (Answer(b"<html>"), "JSONDecodeError"),
    "not a set": (Answer(b"[]"), "ValueError"),
    "no keys": (Answer(b'{"keys": []}'), "ValueError"),
    "a shorter key": (published(INSTANCE, n=INSTANCE.jwk()["n"][:100]), "ValueError"),
    "a key for another purpose": (published(INSTANCE, use="enc"), "ValueError"),
    "a key for another algorithm": (published(INSTANCE, alg="RS512"), "ValueError"),
    "a shared secret": (Answer(b'{"keys": [{"kty": "oct", "kid": "ins_akako", "k": "AAAA"}]}'), "ValueError"),
    "keys of no shape": (
        Answer(b'{"keys": [null, 7, {"kid": "a", "kty": "RSA", "n": 1, "e": []}, {"kid": {}}]}'),
        "ValueError",
    ),
    "endless": (Answer(b" " * 3_000_000), "Incomplete"),
    "cut off": (Answer(b"{", headers={"Content-Length": "100"}), "RemoteProtocolError"),
}


@pytest.mark.parametrize("bad", BAD)
def test_the_last_good_keys_are_used_while_the_issuer_returns_none(resources: ExitStack, bad: str) -> None:
    answer, why = BAD[bad]
    failures: list[str] = []
    issuer = resources.enter_context(serving(published(INSTANCE), answer))
    ring = Keyring(issuer.url, pause_seconds=0, on_failure=lambda error: failures.append(type(error).__name__))
    resources.callback(ring.close)
    fetch(ring)
    fetch(ring)
    assert ring.find(INSTANCE.kid) == INSTANCE.key.public_key()
    assert failures == [why]
    assert [pending.path for pending in issuer.asked] == [PATH, PATH]


def test_a_failure_is_reported_and_the_next_fetch_recovers(resources: ExitStack) -> None:
    failures: list[Exception] = []
    issuer = resources.enter_context(serving(UNAVAILABLE, published(INSTANCE)))
    ring = Keyring(issuer.url, pause_seconds=0, on_failure=failures.append)
    resources.callback(ring.close)
    fetch(ring)
    assert (ring.ready, [str(failure) for failure in failures]) == (False, ["status 503"])
    fetch(ring)
    assert ring.ready


def test_an_unusable_key_does_not_affect_the_others(keyring: Open) -> None:
    ring, _ = keyring(Answer(json.dumps({"keys": [{"kid": INSTANCE.kid}, None, RENEWED.jwk()]}).encode()))
    fetch(ring)
    assert ring.find(RENEWED.kid) == RENEWED.key.public_key()


def test_keys_that_are_too_small_are_skipped() -> None:
    small = private_key(9, bits=1_024).public_key()
    entry = INSTANCE.jwk() | {"n": RSAAlgorithm.to_jwk(small, as_dict=True)["n"]}
    with pytest.raises(ValueError, match="no usable key"):
        keys.read(json.dumps({"keys": [entry]}).encode())


def test_keys_are_separate_per_issuer(keyring: Open) -> None:
    ours, _ = keyring(published(INSTANCE))
    theirs, _ = keyring(published(Instance(kid=INSTANCE.kid, key=1)))
    fetch(ours)
    fetch(theirs)
    assert ours.find(INSTANCE.kid) != theirs.find(INSTANCE.kid)


def test_closing_completes_pending_fetches_and_stops_fetching(keyring: Open) -> None:
    hold = threading.Event()
    ring, issuer = keyring(Answer(published(INSTANCE).body, hold=hold))
    pending = ring.refresh()
    wait_until(lambda: issuer.asked)
    hold.set()
    ring.close()
    assert pending is not None
    assert pending.done()
    assert ring.refresh() is None
