"""Options and progress of the commands that read an export of Keycloak."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from cli.progress import bar
from dev.terminal import escape
from keycloak import export, inspection
from keycloak.export import Export
from keycloak.inspection import Inspection
from keycloak.refusal import ExportRefused

Command = TypeVar("Command", bound=Callable[..., Any])


def export_options(command: Command) -> Command:
    """Add the argument PATH and the options --realm and --expect."""
    path = click.argument("path", type=click.Path(path_type=Path))
    realm = click.option("--realm", "realm_name", metavar="NAME", help="The realm, if the export has several.")
    expect = click.option("--expect", type=click.IntRange(1), help="Refuse an export with fewer persons.")
    return path(realm(expect(command)))


@contextmanager
def refusals() -> Iterator[None]:
    """End the command with the message of a refusal, or of a file that cannot be read."""
    try:
        yield
    except ExportRefused as refusal:
        raise click.ClickException(escape(str(refusal))) from None
    except OSError as error:
        raise click.ClickException(escape(f"{error.filename}: {error.strerror}")) from None


def read(path: Path, realm_name: str | None) -> tuple[Export, Inspection]:
    """Open an export and read all of it once, with a progress bar. Raises ExportRefused or OSError."""
    size = sum(each.stat().st_size for each in path.iterdir()) if path.is_dir() else path.stat().st_size
    with bar("reading the realm", size) as advance:
        opened = export.open_export(path, realm_name, advance)
    with bar("reading users", opened.files.size) as advance:
        return opened, inspection.inspect(opened, advance)
