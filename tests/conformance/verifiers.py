"""Runs the verifiers of session tokens over every kind of token."""

import json
import subprocess
from collections.abc import Mapping

import httpx

from dev import clerk_instance
from dev.clerk_instance import ClerkInstance
from tests.conformance import install

NODE = ("verifyToken", "authenticateRequest")
PYTHON = ("clerk_backend_api", "fastapi_clerk_auth", "fastapi_clerk_auth_with_issuer", "clerkbridge")
TITLES = {
    "verifyToken": "@clerk/backend `verifyToken`",
    "authenticateRequest": "@clerk/backend `authenticateRequest`",
    "clerk_backend_api": "clerk-backend-api",
    "fastapi_clerk_auth": "fastapi-clerk-auth",
    "fastapi_clerk_auth_with_issuer": "fastapi-clerk-auth with `issuer`",
    "clerkbridge": "clerkbridge",
}

Accepted = Mapping[str, bool]


def libraries(instance: ClerkInstance, url: str, tokens: Mapping[str, str]) -> dict[str, Accepted]:
    """What each library accepts, with keys from `url` or as a PEM."""
    given = {
        "tokens": list(tokens.values()),
        "key": instance.settings["CLERK_JWT_KEY"],
        "party": clerk_instance.PARTY,
        "issuer": clerk_instance.ISSUER,
        "url": url,
    }
    node = ["node", str(install.node("node") / "verify.mjs")]
    python = [str(install.python("verifiers")), str(install.PEERS / "verifiers" / "verify.py")]
    commands = {name: [*node, name] for name in NODE} | {name: [*python, name] for name in PYTHON}
    return {TITLES[name]: _named(tokens, _run(command, given)) for name, command in commands.items()}


def pages(url: str, tokens: Mapping[str, str]) -> Accepted:
    """What a page that needs a session token accepts."""
    return {name: _get(url, token) for name, token in tokens.items()}


def _get(url: str, token: str) -> bool:
    answer = httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=15, trust_env=False)
    return answer.status_code == 200


def _run(command: list[str], given: Mapping[str, object]) -> list[bool]:
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise RuntimeError(f"`{' '.join(command)}` failed:\n{done.stderr}")
    accepted: list[bool] = json.loads(done.stdout.splitlines()[-1])
    return accepted


def _named(tokens: Mapping[str, str], accepted: list[bool]) -> Accepted:
    return dict(zip(tokens, accepted, strict=True))
