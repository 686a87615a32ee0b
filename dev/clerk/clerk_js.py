"""Serves ClerkJS as the Frontend API does: from `node_modules`, or from npm's registry, checked by its digest."""

import asyncio
import base64
import hashlib
import io
import json
import tarfile
from functools import cache
from pathlib import Path

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

ROOT = Path(__file__).parents[2]
PACKAGE = "node_modules/@clerk/clerk-js"
LOCK = ROOT / "tests/node/package-lock.json"
INSTALLED = (ROOT / "tests/node" / PACKAGE / "dist", ROOT / "sdk/typescript" / PACKAGE / "dist")
REGISTRY = "https://registry.npmjs.org/@clerk/clerk-js/-/clerk-js-{version}.tgz"
SECONDS = 60.0
MISSING = "ClerkJS could not be fetched from npm's registry. Run `npm ci` in tests/node, then load the page again.\n"


def routes() -> list[Route]:
    """The route of the files."""
    return [Route("/npm/@clerk/clerk-js@{version}/dist/{name}", _file)]


async def _file(request: Request) -> Response:
    name = request.path_params["name"]
    if Path(name).suffix != ".js":
        return PlainTextResponse("No such file.\n", 404)
    try:
        content = await asyncio.to_thread(_read, name)
    except (OSError, ValueError, KeyError, httpx.HTTPError, tarfile.TarError):
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
    answer = httpx.get(REGISTRY.format(version=locked["version"]), timeout=SECONDS).raise_for_status()
    algorithm, _, digest = locked["integrity"].partition("-")
    if base64.b64encode(hashlib.new(algorithm, answer.content).digest()).decode() != digest:
        raise ValueError("the package in the registry is not the one in tests/node/package-lock.json")
    prefix = "package/dist/"
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        files = [each for each in archive if each.isfile() and each.name.startswith(prefix)]
        return {each.name.removeprefix(prefix): _content(archive, each) for each in files if "browser" in each.name}


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    opened = archive.extractfile(member)
    return opened.read() if opened else b""
