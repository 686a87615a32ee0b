"""Verifies tokens with a library: reads {"tokens", "key", "party", "url", "issuer"}, writes booleans."""

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

import httpx

given = json.load(sys.stdin)


def clerk_backend_api() -> Callable[[str], bool]:
    """Clerk's own library."""
    from clerk_backend_api.security import authenticate_request
    from clerk_backend_api.security.types import AuthenticateRequestOptions

    options = AuthenticateRequestOptions(jwt_key=given["key"], authorized_parties=[given["party"]])

    def accepted(token: str) -> bool:
        request = httpx.Request("GET", "http://localhost/", headers={"Authorization": f"Bearer {token}"})
        return bool(authenticate_request(request, options).is_signed_in)

    return accepted


def fastapi_clerk_auth(**options: Any) -> Callable[[str], bool]:
    """The dependency as its documentation sets it up; `options` are further ones."""
    from fastapi_clerk_auth import ClerkConfig, ClerkHTTPBearer

    return _dependency(ClerkHTTPBearer(ClerkConfig(jwks_url=given["url"] + "/.well-known/jwks.json", **options)))


def fastapi_clerk_auth_with_issuer() -> Callable[[str], bool]:
    """The same, told to verify the issuer."""
    return fastapi_clerk_auth(issuer=given["issuer"], verify_iss=True)


def clerkbridge() -> Callable[[str], bool]:
    """The dependency as its documentation sets it up."""
    from clerkbridge import ClerkConfig, get_clerk_user

    jwks = given["url"] + "/.well-known/jwks.json"
    return _dependency(get_clerk_user(ClerkConfig(jwks_url=jwks, issuer=given["issuer"])))


def _dependency(depends: Any) -> Callable[[str], bool]:
    from fastapi import HTTPException, Request

    def accepted(token: str) -> bool:
        headers = [(b"authorization", f"Bearer {token}".encode())]
        request = Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers})
        try:
            asyncio.run(depends(request))
        except HTTPException:
            return False
        return True

    return accepted


verifier = globals()[sys.argv[1]]()
json.dump([verifier(token) for token in given["tokens"]], sys.stdout)
