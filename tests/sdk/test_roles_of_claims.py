"""What a token says about roles, for menus: never more than it says, nothing after its end, and never for access."""

import time
from typing import Any

import pytest

from akako_guard import roles_of_claims
from akako_guard.keys import PinnedKey
from akako_guard.role import Role
from akako_guard.tokens import TokenVerifier
from tests.clerk_signs_in import ADA, ISSUER, PARTY, Instance

INSTANCE = Instance()
MENTOR = frozenset({Role.MENTOR})
NONE: frozenset[Role] = frozenset()


@pytest.mark.parametrize(
    ("claims", "roles"),
    [
        ({}, NONE),
        ({"roles": ["MENTOR"]}, MENTOR),
        ({"roles": ["MENTOR"], "roles_until": None}, MENTOR),
        ({"roles": ["MENTOR"], "roles_until": time.time() + 3_600}, MENTOR),
        ({"roles": ["MENTOR"], "roles_until": time.time() - 1}, NONE),
        ({"roles": ["MENTOR", "OWNER", 1, None, ["ADMIN"]]}, MENTOR),
        ({"roles": "ADMIN"}, NONE),
        ({"roles": {"ADMIN": True}}, NONE),
        ({"roles": ["ADMIN"], "roles_until": "never"}, NONE),
        ({"roles": ["ADMIN"], "roles_until": True}, NONE),
    ],
)
def test_roles_of_a_token(claims: dict[str, Any], roles: frozenset[Role]) -> None:
    token = INSTANCE.token(ADA, **claims)
    session = TokenVerifier(ISSUER, PinnedKey(INSTANCE.pem), parties=[PARTY]).verify(token)
    assert roles_of_claims(session) == roles
