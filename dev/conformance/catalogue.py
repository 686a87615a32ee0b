"""Every scenario, in the order in which they are run and shown."""

from dev.conformance.order import ORDER
from dev.conformance.people import PEOPLE
from dev.conformance.protocol import PROTOCOL
from dev.conformance.scenario import Scenario
from dev.conformance.signatures import SIGNATURES

EVERY = (*SIGNATURES, *PROTOCOL, *ORDER, *PEOPLE)
NAMES = {scenario.name: scenario for scenario in EVERY}


def chosen(names: tuple[str, ...]) -> tuple[Scenario, ...]:
    """The scenarios of these names, in catalogue order; all without names. Raises KeyError for an unknown one."""
    if unknown := [name for name in names if name not in NAMES]:
        raise KeyError(unknown[0])
    return tuple(scenario for scenario in EVERY if not names or scenario.name in names)
