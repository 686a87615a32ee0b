"""Time zones by their names."""

import pytest

from console import zones
from console.zones import Zone


def test_the_names_of_zones_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    zones.find("UTC")
    monkeypatch.setattr(zones, "available_timezones", lambda: pytest.fail("read again"))

    assert zones.find("Asia/Tokyo") == Zone("Asia/Tokyo")
    assert zones.find("Asia/Nowhere") is None


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../UTC", "Asia/Tokyo\0"])
def test_only_names_of_zones_are_zones(name: str) -> None:
    assert zones.find(name) is None
