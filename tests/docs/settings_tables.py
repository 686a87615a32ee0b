"""Renders the reference of the settings; `python -m tests.docs.settings_tables` writes it."""

from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from config.settings import (
    AccessSettings,
    ApiSettings,
    AskingSettings,
    BackendSettings,
    BrokerSettings,
    ConsoleSettings,
    DeletionSettings,
    Environment,
    KeycloakSettings,
    ListeningSettings,
    MetricsSettings,
    MigrationSettings,
    NewUserSettings,
    OperationSettings,
    QueueSettings,
    ReceiverSettings,
    Settings,
    WorkerSettings,
)

PAGE = Path(__file__).parents[2] / "docs/reference/settings.md"
INTRODUCTION = """\
Every environment variable, grouped by the processes that read it. If one is missing or invalid, the process does not
start: it names the variable and what to change."""

GROUPS: dict[str, type[Environment]] = {
    "Every process": Settings,
    "`akako migrate`": MigrationSettings,
    "Every long-running process (`web`, `api`, `worker`, `beat`, `clerk`, `console`)": BrokerSettings,
    "Metrics of every long-running process": MetricsSettings,
    "Receiver, worker and scheduler (`web`, `worker`, `beat`)": QueueSettings,
    "Receiver, API and console (`web`, `api`, `console`)": ListeningSettings,
    "Receiver (`web`)": ReceiverSettings,
    "Processes that may add a user (`api`, `console`, `worker`, `beat`, `clerk`)": NewUserSettings,
    "Limits of deletions (`api`, `console`, `worker`, `beat`, `clerk`, `akako events replay`)": DeletionSettings,
    "Worker and scheduler (`worker`, `beat`)": WorkerSettings,
    "Guard, in API and console, and in your own application": AccessSettings,
    "Clerk's Backend API (`api`, `console`, `clerk`, `akako backfill`, `akako deletions release`)": BackendSettings,
    "Rate of requests to Clerk (`api`, `console`, `clerk`, and commands that ask about many users)": AskingSettings,
    "API and console (`api`, `console`)": OperationSettings,
    "API (`api`)": ApiSettings,
    "Console (`console`)": ConsoleSettings,
    "Keycloak's database, for commands of `akako keycloak` with `--database`": KeycloakSettings,
}


def default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "**required**"
    return "" if field.default is None else f"`{field.default}`"


def bounds(field: FieldInfo) -> str:
    """The range of a number, from its type."""
    signs = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    found = [f"{signs[sign]} {getattr(mark, sign)}" for mark in field.metadata for sign in signs if hasattr(mark, sign)]
    return ", ".join(found)


def reference() -> str:
    """The whole page."""
    parts = [
        "# Settings",
        INTRODUCTION,
        "`python -m tests.docs.settings_tables` writes this page from `config/settings.py`.",
    ]
    seen: set[str] = set()
    for title, kind in GROUPS.items():
        new = {name: field for name, field in kind.model_fields.items() if name not in seen}
        seen |= new.keys()
        rows = [
            f"| `{name.upper()}` | {default(field)} | {bounds(field)} | {field.description} |"
            for name, field in new.items()
        ]
        parts += [f"## {title}", "\n".join(["| variable | default | bounds | |", "|---|---|---|---|", *rows])]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(reference())
