"""The versions of what was compared, for the results."""

import json
import platform
import re
import subprocess
from importlib.metadata import version

from tests.conformance.install import PEERS

PYTHON = {
    "django_app": ("django-clerk-users", "Django"),
    "verifiers": ("clerk-backend-api", "fastapi-clerk-auth", "clerkbridge"),
}
NODE = ("@brianmmdev/clerk-webhooks-handler", "@clerk/backend", "pg")


def versions() -> dict[str, str]:
    """The versions by name."""
    found = {"Akako Sync": version("akako-sync"), "Python": platform.python_version()}
    for folder, names in PYTHON.items():
        found |= {name: _locked_python(folder, name) for name in names}
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    packages = json.loads((PEERS / "node" / "package-lock.json").read_text())["packages"]
    return found | {"Node": node} | {name: packages[f"node_modules/{name}"]["version"] for name in NODE}


def _locked_python(folder: str, name: str) -> str:
    found = re.search(
        rf"^{name}==(\S+)$", (PEERS / folder / "requirements.txt").read_text(), re.MULTILINE | re.IGNORECASE
    )
    assert found, name
    return found[1]
