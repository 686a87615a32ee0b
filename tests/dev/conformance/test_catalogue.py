"""Every scenario can be built, and is one that a person can choose by name."""

import re

import pytest

from dev import local_servers
from dev.conformance.catalogue import EVERY, NAMES, chosen
from dev.conformance.scenario import Gone, Scenario, Sender

SENDER = Sender(local_servers.new_secret())
SEND_EXAMPLE = "user_29w83sxmDNGwOuEthce5gg56FcC"


def test_names_are_unique_and_easy_to_type() -> None:
    assert len(NAMES) == len(EVERY)
    assert [name for name in NAMES if not re.fullmatch(r"[a-z]+(-[a-z]+)*", name)] == []
    assert [each.name for each in EVERY if not each.sentence.endswith(".")] == []


def test_all_scenarios_are_chosen_without_names() -> None:
    assert chosen(()) == EVERY


@pytest.mark.parametrize("scenario", EVERY, ids=lambda each: each.name)
def test_a_scenario_uses_new_users_each_time(scenario: Scenario) -> None:
    first, second = ({each.clerk_id for each in scenario.build(SENDER).leaves} for _ in range(2))
    assert first & second <= {SEND_EXAMPLE}


def test_a_refused_delivery_is_expected_to_leave_no_user() -> None:
    (left,) = NAMES["forged-signature"].build(SENDER).leaves
    assert isinstance(left, Gone)
