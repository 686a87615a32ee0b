"""An instance whose clock is the machine's, for clients in other processes."""

from dev.clerk.instance import Instance
from dev.clerk.rate_limit import UNLIMITED
from dev.clerk.state import State
from tests.dev.clerk.api import signer


def instance() -> Instance:
    """An instance without users and without limits."""
    return Instance(State(), signer(), limits=UNLIMITED)
