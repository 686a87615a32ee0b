"""Static files: served under the digest of their content, so that browsers may keep them for good."""

import hashlib
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.policy import ASSET

DIRECTORY = Path(__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@cache
def files() -> dict[str, tuple[bytes, str]]:
    """Content and media type by the name in URLs."""
    return {
        _name(path): (path.read_bytes(), TYPES[path.suffix]) for path in DIRECTORY.iterdir() if path.suffix in TYPES
    }


def url(name: str) -> str:
    """The URL of a file, for templates."""
    return f"/static/{_name(DIRECTORY / name)}"


def route() -> Route:
    """The route of all files. They need no session."""

    async def answer(request: Request) -> Response:
        found = files().get(request.path_params["name"])
        if found is None:
            return Response("There is no such file.\n", 404, media_type="text/plain")
        content, kind = found
        return Response(content, media_type=kind, headers={"Cache-Control": ASSET})

    return Route("/static/{name}", answer)


@cache
def _name(path: Path) -> str:
    return f"{path.stem}.{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}{path.suffix}"
