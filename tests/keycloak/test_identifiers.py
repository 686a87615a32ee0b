"""Addresses and usernames are taken if, and only if, the development Clerk accepts them."""

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dev.clerk import identifiers as clerk
from dev.clerk.errors import ClerkError
from keycloak import identifiers

PARTS = st.text('aB1-_.@ +<"ü\n', max_size=6)
EMAILS = st.builds(
    lambda local, host, top: f"{local}@{host}.{top}",
    PARTS,
    PARTS,
    st.sampled_from(["org", "ORG", "test", "Local", "localhost", "x", "1a", "museum", ""]),
)


def accepts(rule: Callable[[str], str], text: str) -> bool:
    try:
        rule(text)
    except ClerkError:
        return False
    return True


@given(text=EMAILS | st.text(max_size=20) | st.emails())
@example(text="ada@people.org")
@example(text="ada@people.org\n")
@example(text=f"{'a' * 64}@people.org")
@example(text=f"{'a' * 65}@people.org")
@example(text=f"a@{'b.' * 130}org")
def test_an_address_is_taken_if_clerk_accepts_it(text: str) -> None:
    assert (identifiers.email(text) == text) is accepts(clerk.email, text)


@given(text=st.text("aB1-_.é ", max_size=70))
@example(text="abc")
@example(text="a" * 64)
@example(text="a" * 65)
@example(text="abcd\n")
def test_a_username_is_taken_if_clerk_accepts_it(text: str) -> None:
    assert (identifiers.username(text) == text) is accepts(clerk.username, text)


@pytest.mark.parametrize("text", [None, ""])
def test_what_is_missing_is_not_taken(text: str | None) -> None:
    assert identifiers.email(text) is None
    assert identifiers.username(text) is None
