"""Reading piece by piece gives what `json.loads` gives, wherever a piece ends."""

import io
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keycloak import json_scanner, json_stream
from keycloak.json_stream import Member
from keycloak.refusal import ExportRefused, Malformed, NotAnExport, Truncated, ValueTooLarge

Pairs = Sequence[tuple[str, Any]]
STREAMED = ("users",)
TEXT = st.text(max_size=8) | st.sampled_from(['"', "\\", '\\"', "[{", "}]", "\u2028", "é", "🐝"])
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)
USERS = st.lists(VALUES, max_size=4)
REALMS = st.lists(st.tuples(st.just("users"), USERS) | st.tuples(TEXT, VALUES), max_size=5)
DEEP: Any = {"a": 1}
for _ in range(5):
    DEEP = {"deeper": [DEEP, '"]']}
SMALL: list[Pairs] = [
    [("id", -12.5e3), ("users", [{"name": 'a"\\b', "c": [{}, []]}, None]), ("users", [1]), ("d", DEEP)]
]


def text(realms: Sequence[Pairs], array: bool, indent: int | None) -> bytes:
    """The realms as JSON, in which keys may be repeated."""

    def member(key: str, value: Any) -> str:
        return f"{json.dumps(key)} : {json.dumps(value, indent=indent, ensure_ascii=indent is None)}"

    objects = [f"{{ {' , '.join(member(*each) for each in pairs)} }}" for pairs in realms]
    whole = "[" + ",\n".join(objects) + "]\n" if array else objects[0]
    return whole.encode(errors="surrogatepass")


def expected(realms: Sequence[Pairs]) -> list[Member]:
    return [
        Member(number, key, json.loads(json.dumps(value)))
        for number, pairs in enumerate(realms)
        for key, whole in pairs
        for value in (whole if key in STREAMED else [whole])
    ]


def read(body: bytes, size: int, **how: Any) -> list[Member]:
    """The members, from pieces of this many bytes."""
    file = io.BytesIO(body)
    return list(json_stream.members(lambda most: file.read(min(most, size)), STREAMED, **how))


@given(realms=st.lists(REALMS, min_size=1, max_size=3), indent=st.sampled_from([None, 2]), size=st.integers(1, 200))
@example(realms=SMALL, indent=2, size=1)
def test_members_are_those_of_json_loads(realms: list[Pairs], indent: int | None, size: int) -> None:
    array = len(realms) != 1
    assert read(text(realms, array, indent), size) == expected(realms)


@pytest.mark.parametrize("indent", [None, 2])
def test_a_piece_may_end_anywhere(indent: int | None) -> None:
    body = text(SMALL, True, indent)
    assert [size for size in range(1, len(body) + 1) if read(body, size) != expected(SMALL)] == []


def test_every_document_that_ends_early_is_refused() -> None:
    body = text(SMALL, True, None).rstrip()
    for end in range(len(body)):
        with pytest.raises(Truncated):
            read(body[:end], 7)


@given(body=st.binary(max_size=40) | st.text('{}[]":,\\a1 ', max_size=40).map(str.encode))
@example(body=b"[" * 100_000)
@example(body=b'{"users": [' + b"[" * 3_000 + b"]" * 3_000 + b"]}")
def test_any_other_bytes_are_refused_or_read_as_json(body: bytes) -> None:
    try:
        found = read(body, 9)
    except ExportRefused:
        return
    parsed = json.loads(body)
    last = {(member.realm, member.key): member.value for member in found if member.key not in STREAMED}
    assert last == {
        (number, key): value
        for number, realm in enumerate(parsed if isinstance(parsed, list) else [parsed])
        for key, value in realm.items()
        if key not in STREAMED
    }


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (b"", Truncated),
        (b'"text"', NotAnExport),
        (b"[1]", NotAnExport),
        (b'{"users": {"a": 1}}', NotAnExport),
        (b'{"a": 1} {"b": 2}', Malformed),
        (b'{"a": 1,}', Malformed),
        (b'{"a" 1}', Malformed),
        (b'{"a": nul}', Malformed),
        (b'{"a": {"b": ]}}', Malformed),
        (b'{"a": "\xff"}', Malformed),
    ],
)
def test_what_is_no_realm_is_refused(body: bytes, refusal: type[ExportRefused]) -> None:
    with pytest.raises(refusal):
        read(body, 4)


def test_what_python_reads_and_orjson_does_not_is_read() -> None:
    assert read(b'{"a": NaN, "b": "\\ud800"}', 3)[1] == Member(0, "b", "\ud800")


def test_a_mark_of_the_byte_order_is_passed_over() -> None:
    assert read(b'\xef\xbb\xbf{"a": 1}', 1) == [Member(0, "a", 1)]


def test_members_that_are_not_wanted_are_passed_over() -> None:
    found = read(text(SMALL, True, None), 5, wanted=lambda key: key == "id")
    assert [member for member in found if member.key != "users"] == [Member(0, "id", -12.5e3)]
    assert len(found) == 4


OBJECTS = st.lists(
    st.dictionaries(
        st.sampled_from(["id", "name", "a"]), VALUES | st.just('},{"id"') | st.just([{"id": 1}, {"id": 2}])
    ),
    max_size=12,
)


@given(users=OBJECTS, indent=st.sampled_from([None, 2]), size=st.integers(1, 400))
@example(users=[{"id": '},{"id":' * 9}] * 9, indent=None, size=10_000)
@example(users=[{"id": [{"id": 1}] * 9}] * 9, indent=None, size=10_000)
def test_objects_are_read_whole_although_they_contain_what_stands_between_them(
    users: list[Any], indent: int | None, size: int
) -> None:
    body = json.dumps({"users": users}, indent=indent, separators=(",", ":")).encode()
    assert [member.value for member in read(body, size)] == json.loads(body)["users"]


def test_a_value_that_never_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_scanner, "LARGEST", 1_000)
    with pytest.raises(ValueTooLarge):
        read(b'{"a": "' + b"x" * 10_000, 100, chunk=100)


def test_a_refusal_does_not_contain_the_document() -> None:
    with pytest.raises(Malformed) as refused:
        read(b'{"users": [{"secret": "tell no one", }]}', 50)
    chain = [refused.value, refused.value.__cause__]
    assert not any("tell" in repr(each) for each in chain)
    assert refused.value.__suppress_context__


@pytest.mark.parametrize("body", [b'{"a": 1}\n{"a": [2]}\n\n', b'[{"a": 1}, {"a": [2]}]', b'{"a": 1} {"a": [2]}'])
def test_lines_and_arrays_are_read_value_by_value(body: bytes) -> None:
    file = io.BytesIO(body)
    assert list(json_stream.values(lambda most: file.read(min(most, 2)))) == [{"a": 1}, {"a": [2]}]
