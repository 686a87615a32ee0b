"""Serves ClerkJS as the Frontend API does: from `node_modules`, or fetched by `npm`, checked by its digest."""

import asyncio
import base64
import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

ROOT = Path(__file__).parents[2]
PACKAGE = "node_modules/@clerk/clerk-js"
LOCK = ROOT / "tests/node/package-lock.json"
INSTALLED = (ROOT / "tests/node" / PACKAGE / "dist", ROOT / "sdk/typescript" / PACKAGE / "dist")
SECONDS = 60.0
MISSING = (
    "ClerkJS could not be fetched. Install Node.js 20 or newer with npm, and load the page again; or use the link that"
    " `akako link` prints.\n"
)


def routes() -> list[Route]:
    """The route of the files."""
    return [Route("/npm/@clerk/clerk-js@{version}/dist/{name}", _file)]


async def _file(request: Request) -> Response:
    name = request.path_params["name"]
    if Path(name).suffix != ".js":
        return PlainTextResponse("No such file.\n", 404)
    try:
        content = await asyncio.to_thread(_read, name)
    except (OSError, ValueError, KeyError, subprocess.SubprocessError, tarfile.TarError):
        return PlainTextResponse(MISSING, 503)
    if content is None:
        return PlainTextResponse("No such file.\n", 404)
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "max-age=86400"}
    return Response(content, media_type="text/javascript", headers=headers)


def _read(name: str) -> bytes | None:
    for directory in INSTALLED:
        if directory.is_dir():
            path = directory / name
            return path.read_bytes() if path.is_file() else None
    return _fetched().get(name)


@cache
def _fetched() -> dict[str, bytes]:
    """The files of the version in tests/node/package-lock.json. Raises ValueError if their digest is another."""
    locked = json.loads(LOCK.read_text("utf-8"))["packages"][PACKAGE]
    package = _packed(locked["version"])
    algorithm, _, digest = locked["integrity"].partition("-")
    if base64.b64encode(hashlib.new(algorithm, package).digest()).decode() != digest:
        raise ValueError("the package that npm fetched is not the one in tests/node/package-lock.json")
    prefix = "package/dist/"
    with tarfile.open(fileobj=io.BytesIO(package)) as archive:
        files = [each for each in archive if each.isfile() and each.name.startswith(prefix)]
        return {each.name.removeprefix(prefix): _content(archive, each) for each in files if "browser" in each.name}


def _packed(version: str) -> bytes:
    """The package as npm fetches it, from the registry that it is configured for. Raises OSError or SubprocessError."""
    with tempfile.TemporaryDirectory(prefix="akako-") as place:
        subprocess.run(  # noqa: S603 - the version of our own lock file
            ["npm", "pack", "--silent", f"@clerk/clerk-js@{version}"],  # noqa: S607 - wherever it is installed
            cwd=place,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
        [path] = Path(place).glob("*.tgz")
        return path.read_bytes()


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    opened = archive.extractfile(member)
    return opened.read() if opened else b""
