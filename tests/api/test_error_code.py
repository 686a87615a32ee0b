import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api import errors
from api.error_code import ErrorCode
from sync.refusal import Refused

API = Path(errors.__file__).parent


def subclasses(kind: type[Refused]) -> Iterator[type[Refused]]:
    """A class, and all that derive from it."""
    yield kind
    for each in kind.__subclasses__():
        yield from subclasses(each)


@pytest.mark.parametrize("refusal", list(subclasses(Refused)), ids=lambda each: each.__name__)
def test_every_refusal_has_a_code_that_the_document_lists(refusal: type[Refused]) -> None:
    assert refusal.word in list(ErrorCode)


def test_every_code_of_the_api_itself_is_listed() -> None:
    written = {
        code
        for path in API.glob("*.py")
        for code in re.findall(r'(?:BadRequest|response)\((?:request, )?\d{3}, "(\w+)"', path.read_text())
    }

    assert {"invalid", "not_json", "unavailable"} <= written
    assert written | {code for code, _ in errors._HTTP.values()} <= set(ErrorCode)


def test_every_listed_code_is_used() -> None:
    code = "".join(
        path.read_text()
        for place in (API, API.parent / "roles", API.parent / "sync", API.parent / "reconcile")
        for path in place.glob("*.py")
        if path.name != "error_code.py"
    )

    assert [each for each in ErrorCode if f'"{each}"' not in code] == []
