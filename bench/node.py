"""Installs the Node peer's packages from its lock file and compiles it, in a separate directory, after changes."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("peers") / "node"
PLACE = Path(__file__).parents[1] / ".local" / "bench" / "node"
READY = PLACE / "ready"
PACKAGES = ("fastify", "svix", "pg", "bullmq", "ioredis")


def prepare() -> None:
    """Install and build the peer, unless nothing has changed. Raises RuntimeError if a command fails."""
    if READY.exists() and READY.read_text() == _fingerprint():
        return
    shutil.rmtree(PLACE, ignore_errors=True)
    shutil.copytree(SOURCE, PLACE)
    for command in (["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], ["npm", "run", "build"]):
        done = subprocess.run(command, cwd=PLACE, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"`{' '.join(command)}` failed in {PLACE}:\n{done.stdout}{done.stderr}")
    READY.write_text(_fingerprint())


def missing() -> bool:
    """Whether Node or npm is not installed."""
    return not (shutil.which("node") and shutil.which("npm"))


def versions() -> dict[str, str]:
    """The versions of Node and of the packages; empty without Node."""
    if missing():
        return {}
    own = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    locked = json.loads((SOURCE / "package-lock.json").read_text())["packages"]
    return {"Node": own, **{f"npm: {name}": locked[f"node_modules/{name}"]["version"] for name in PACKAGES}}


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for file in sorted(path for path in SOURCE.rglob("*") if path.is_file()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
