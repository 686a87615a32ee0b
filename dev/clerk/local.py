"""The development Clerk as one of the local processes: its process, and the settings of the API that asks it."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dev import local_servers, procfile
from dev.clerk.state import load, save
from dev.process import Process

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class LocalClerk:
    """A development Clerk whose state is in a directory."""

    data: Path
    port: int

    @property
    def url(self) -> str:
        """The address of its page and of its APIs."""
        return f"http://{HOST}:{self.port}"

    def settings(self) -> dict[str, str]:
        """The settings with which the API asks it. Creates the state, if there is none, for its secret key."""
        state = load(self.data)
        save(state, self.data)
        return {"CLERK_SECRET_KEY": state.secret_key, "CLERK_API_URL": self.url}

    def process(self, webhook_url: str, secret: str, environment: Mapping[str, str]) -> Process:
        """The process, which delivers to the receiver."""
        place = ["--port", str(self.port), "--data", str(self.data.resolve())]
        return Process(
            "dev-clerk",
            [sys.executable, "-m", "dev.clerk", *place, "--webhook-url", webhook_url],
            environment={**environment, local_servers.SECRET: secret},
            directory=procfile.PATH.parent,
        )
