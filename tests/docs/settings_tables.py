"""Renders what the settings say of themselves, for the README and the reference."""

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from config.settings import (
    AccessSettings,
    ApiSettings,
    BackendSettings,
    BrokerSettings,
    ListeningSettings,
    MetricsSettings,
    MigrationSettings,
    NewUserSettings,
    QueueSettings,
    ReceiverSettings,
    Settings,
    WorkerSettings,
)

GROUPS: dict[str, type[Settings]] = {
    "Every process": Settings,
    "`akako migrate`": MigrationSettings,
    "Receiver, API, worker and calendar (`web`, `api`, `worker`, `beat`)": BrokerSettings,
    "The same, to be seen": MetricsSettings,
    "Receiver, worker and calendar (`web`, `worker`, `beat`)": QueueSettings,
    "Receiver and API (`web`, `api`)": ListeningSettings,
    "The receiver (`web`)": ReceiverSettings,
    "API, worker and calendar (`api`, `worker`, `beat`)": NewUserSettings,
    "The worker and the calendar (`worker`, `beat`)": WorkerSettings,
    "The guard, in the API and in your own application": AccessSettings,
    "Clerk's Backend API, for the API": BackendSettings,
    "The API (`api`)": ApiSettings,
}


def fields() -> dict[str, FieldInfo]:
    """Every setting once, by its environment variable."""
    found: dict[str, FieldInfo] = {}
    for kind in GROUPS.values():
        for name, field in kind.model_fields.items():
            found.setdefault(name.upper(), field)  # whoever needs it speaks before whoever can use it
    return found


def default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "**required**"
    return "" if field.default is None else f"`{field.default}`"


def bounds(field: FieldInfo) -> str:
    """The numbers between which a setting lies, as its type says."""
    signs = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    found = [f"{signs[sign]} {getattr(mark, sign)}" for mark in field.metadata for sign in signs if hasattr(mark, sign)]
    return ", ".join(found)


def short_table() -> str:
    rows = [f"| `{name}` | {default(field)} | {field.description} |" for name, field in fields().items()]
    return "\n".join(["| variable | default | |", "|---|---|---|", *rows])


def reference() -> str:
    parts = [
        "# Settings",
        "Every environment variable, by who reads it. A wrong or missing one stops the process at its start.",
        "This page is compared with `config/settings.py` by a test.",
    ]
    told: set[str] = set()
    for title, kind in GROUPS.items():
        own = {name: field for name, field in kind.model_fields.items() if name not in told}
        told |= own.keys()
        rows = [
            f"| `{name.upper()}` | {default(field)} | {bounds(field)} | {field.description} |"
            for name, field in own.items()
        ]
        parts += [f"## {title}", "\n".join(["| variable | default | bounds | |", "|---|---|---|---|", *rows])]
    return "\n\n".join(parts) + "\n"
