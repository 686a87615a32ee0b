"""The Node peer's packages: installed from its lock and compiled, in a directory of their own, when they changed."""

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
    """Make what `NODE` runs; does nothing if nothing changed since."""
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
    """Whether this machine has no Node, or no npm."""
    return not (shutil.which("node") and shutil.which("npm"))


def versions() -> dict[str, str]:
    """Node's own version and those of its packages; nothing where there is no Node."""
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
