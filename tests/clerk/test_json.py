import json as standard
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clerk import json
from clerk.json import DEEPEST_READ

TEXT = st.text(st.sampled_from('[]{}",\\:aé\n') | st.characters(codec="utf-8"), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | TEXT
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=20
)


def wrapped(value: Any, times: int) -> Any:
    """The value nested `times` deep, with other elements before and after it at each level."""
    for level in range(times):
        value = {"]": value, "[": level} if level % 2 else ["}", value, "{"]
    return value


def pruned(value: Any, levels: int) -> Any:
    """A simple reference implementation of `shallow`."""
    if not isinstance(value, (list, dict)):
        return value
    if levels == 0:
        return None
    if isinstance(value, list):
        return [pruned(item, levels - 1) for item in value]
    return {key: pruned(item, levels - 1) for key, item in value.items()}


@given(value=JSON, ascii_only=st.booleans())
def test_json_is_parsed_like_the_standard_library(value: object, ascii_only: bool) -> None:
    body = standard.dumps(value, ensure_ascii=ascii_only).encode()
    assert json.loads(body) == standard.loads(body)


@given(value=JSON)
def test_shallow_json_is_not_changed(value: object) -> None:
    body = standard.dumps([[["kept"], value]][0][:1]).encode()
    assert json.shallow(body) == body


@given(value=JSON, times=st.integers(0, 3 * DEEPEST_READ), ascii_only=st.booleans())
def test_only_what_nests_too_deep_becomes_null(value: object, times: int, ascii_only: bool) -> None:
    deep = wrapped(value, times)
    body = standard.dumps(deep, ensure_ascii=ascii_only).encode()
    assert standard.loads(json.shallow(body)) == pruned(deep, DEEPEST_READ)


@given(body=st.binary() | st.text(st.sampled_from('[]{}"\\a')).map(str.encode))
def test_shallow_is_idempotent_for_any_bytes(body: bytes) -> None:
    once = json.shallow(body)
    assert len(once) <= len(body) + 4 * body.count(b"[") + 4 * body.count(b"{")


def test_deep_nesting_does_not_overflow_the_stack() -> None:
    body = b'{"a":[' * 500_000 + b"]}" * 500_000
    assert standard.loads(json.shallow(body)) == pruned(standard.loads(b'{"a":[' * 20 + b"]}" * 20), DEEPEST_READ)


def test_an_unterminated_string_takes_linear_time() -> None:
    endless = b'"\\' * 500_000
    assert json.shallow(endless) == endless


def test_a_very_long_integer_is_parsed_as_infinity() -> None:
    assert json.loads(b"[1" + b"0" * 5_000 + b"]") == [float("inf")]


def test_an_integer_of_more_than_64_bits_is_a_number() -> None:
    assert json.loads(b"1735197879285000000000000000001") == pytest.approx(1735197879285000000000000000001)


@pytest.mark.parametrize("peculiar", ["NaN", "-Infinity", '"\\ud800"', "1e400", "[" * 2_000 + "]" * 2_000])
def test_input_that_orjson_rejects_is_parsed(peculiar: str) -> None:
    assert json.loads(b'{"id": "user_ada", "of_no_use": %b}' % peculiar.encode())["id"] == "user_ada"


@given(entries=st.lists(JSON | st.dictionaries(TEXT, JSON, max_size=3), max_size=5), compact=st.booleans())
def test_entries_are_those_of_the_array(entries: list[object], compact: bool) -> None:
    body = standard.dumps(entries, separators=(",", ":") if compact else None).encode()
    assert list(json.entries(body)) == entries


@pytest.mark.parametrize("gap", [b"", b"\n", b"  "])
@pytest.mark.parametrize(
    "entry",
    [
        b'{"text":"},{"}',
        b'{"text":"\\"},{\\""}',
        b'{"many":[{},{},{}]}',
        b'{"many":[' + b",".join([b"{}"] * 100) + b"]}",
        b'{"digits":' + b"1" * 5_000 + b"}",
        b'{"number":NaN}',
    ],
)
def test_each_entry_ends_where_its_object_ends(entry: bytes, gap: bytes) -> None:
    body = gap + b'[{"first":1},' + entry + b',{"last":[{},{}]}]' + gap
    assert repr(list(json.entries(body))) == repr(json.loads(body))


@pytest.mark.parametrize(
    "body", [b"{}", b"null", b"[{}", b"[{},]", b"[{},{}] 1", b"[{},{}]]", b"[{}{}]", b"[{},{]", b""]
)
def test_entries_of_what_is_not_an_array_are_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        list(json.entries(body))


def test_an_entry_of_very_many_objects_takes_no_quadratic_time() -> None:
    body = b"[" + b",".join([b'{"many":[' + b",".join([b"{}"] * 5_000) + b"]}"] * 50) + b"]"
    start = time.process_time()
    assert len(list(json.entries(body))) == 50
    assert time.process_time() - start < 2


def test_entries_that_nest_too_deep_are_read_like_a_whole_body() -> None:
    deep = b'{"deep":' + b"[" * 5_000 + b"]" * 5_000 + b',"banned":true}'
    body = b'[{"id":1},' + deep + b',{"id":2}]'
    assert list(json.entries(body)) == json.loads(body)
