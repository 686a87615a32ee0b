"""Sends the requests of a scenario, and reports what came back."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from akako_guard.answers import certificates
from dev.conformance.scenario import CLOSED, Answer, Step
from dev.conformance.signing import Request

TIMEOUT_SECONDS = 15.0
"""The timeout of Svix."""


class Unreachable(Exception):
    """Nothing listens at the URL, or the URL is invalid."""


class Client:
    """Sends requests to one receiver, each on a connection of its own: a receiver may close it after a refusal."""

    def __init__(self, url: str) -> None:
        self.url = url

    def send(self, step: Step) -> list[Answer]:
        """The answer to each copy of the request. Raises Unreachable."""
        if step.copies == 1:
            return [self._send(step.request)]
        with ThreadPoolExecutor(step.copies) as pool:
            return list(pool.map(self._send, [step.request] * step.copies))

    def _send(self, request: Request) -> Answer:
        headers = [(name.encode(), value) for name, value in request.headers]
        try:
            with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, verify=certificates()) as client:
                answer = client.request(request.method, self.url, content=request.body, headers=headers)
        except (httpx.ConnectError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise Unreachable(str(error) or type(error).__name__) from error
        except httpx.TimeoutException:
            return Answer(None, "no answer in 15 s")
        except httpx.HTTPError:
            return Answer(None, CLOSED)
        return Answer(answer.status_code)
