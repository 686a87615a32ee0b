"""A client of the development Clerk that holds every accepted request and every answer to Clerk's OpenAPI document."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
from starlette.testclient import TestClient

from dev import clerk_instance
from dev.clerk.application import build
from dev.clerk.backend_api import OPERATIONS
from dev.clerk.faults import Fault
from dev.clerk.instance import Instance
from dev.clerk.rate_limit import UNLIMITED, Limits
from dev.clerk.state import State
from dev.clerk_instance import ClerkInstance

DOCUMENT = json.loads(Path(__file__).with_name("schemas.json").read_text())
BEGINNING = 1_700_000_000.0


@cache
def signer() -> ClerkInstance:
    """A signing key for all tests of a process."""
    return clerk_instance.create()


@cache
def schema(operation: str, part: str) -> jsonschema_rs.Draft202012Validator:
    """The schema of a request's body or of an answer."""
    return jsonschema_rs.Draft202012Validator({**DOCUMENT["operations"][operation][part], "$defs": DOCUMENT["$defs"]})


@cache
def errors() -> jsonschema_rs.Draft202012Validator:
    """The schema of an error."""
    return jsonschema_rs.Draft202012Validator({"$ref": "#/$defs/ClerkErrors", "$defs": DOCUMENT["$defs"]})


class Clock:
    """A wall clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = BEGINNING

    def __call__(self) -> float:
        return self.seconds


class Refused(Exception):
    """An answer with an error."""

    def __init__(self, status: int, error: dict[str, Any], headers: Any) -> None:
        super().__init__(status, error)
        self.status, self.error, self.headers = status, error, headers
        self.code = error["code"]
        self.param = error.get("meta", {}).get("param_name")


class Api:
    """The Backend API of an instance, in this process."""

    def __init__(self, limits: Limits = UNLIMITED) -> None:
        self.clock = Clock()
        self.instance = Instance(State(), signer(), limits=limits, wall=self.clock)
        self.client = TestClient(build(self.instance), "http://127.0.0.1")
        self.client.headers["Authorization"] = f"Bearer {self.instance.state.secret_key}"

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of the answer. Raises Refused."""
        self.clock.seconds += 0.001
        answer = self.client.request(method, f"/v1{path}", json=body)
        operation = name(method, path)
        if answer.status_code != 200:
            errors().validate(answer.json())
            raise Refused(answer.status_code, answer.json()["errors"][0], answer.headers)
        if "request" in DOCUMENT["operations"][operation] and body is not None:
            schema(operation, "request").validate(body)
        schema(operation, "response").validate(answer.json())
        return answer.json()

    def user(self, address: str | None = "ada@example.com", **fields: Any) -> dict[str, Any]:
        """Create a user."""
        created: dict[str, Any] = self("POST", "/users", ({"email_address": [address]} if address else {}) | fields)
        return created

    def fault(self, kind: str, **options: Any) -> None:
        """Set a fault."""
        self.instance.set_fault(Fault(id="", kind=kind, **options))


def name(method: str, path: str) -> str:
    """The operation of a request."""
    plain = path.partition("?")[0]
    fitting = [
        f"{verb} {template}"
        for verb, template in OPERATIONS
        if verb == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), plain)
    ]
    return fitting[0]
