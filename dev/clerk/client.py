"""A client of the control API of a development Clerk that runs."""

from typing import Any

import httpx

from dev.clerk.local_only import CONTROL_HEADER

TIMEOUT_SECONDS = 10.0


class ClerkRefused(Exception):
    """The development Clerk refused the request; the message is its explanation."""


class ClerkUnreachable(Exception):
    """No development Clerk answers at the address."""


class Client:
    """Asks the control API at a base URL."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def __call__(self, method: str, path: str, body: Any = None, **query: str | int | None) -> Any:
        """The JSON of the answer. Raises ClerkRefused or ClerkUnreachable."""
        parameters = {name: value for name, value in query.items() if value is not None}
        try:
            answer = httpx.request(
                method,
                f"{self._url}/dev{path}",
                json=body,
                params=parameters,
                headers={CONTROL_HEADER: "1"},
                timeout=TIMEOUT_SECONDS,
                trust_env=False,
                verify=False,  # noqa: S501 - plain HTTP on this machine; loading certificates takes longer than the request
            )
            found = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise ClerkUnreachable(f"{type(error).__name__}: {error}") from error
        if answer.is_error:
            raise ClerkRefused(_explanation(found))
        return found


def _explanation(answer: Any) -> str:
    errors = answer.get("errors") if isinstance(answer, dict) else None
    if not errors:
        return "The answer is not one of a development Clerk."
    return f"{errors[0]['long_message']} ({errors[0]['code']})"
