"""Untrusted deliveries: each is refused with a reason, and no other error occurs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clerk.signature import MOST_SIGNATURES, InvalidDelivery, Reason, SigningSecrets
from tests.clerk_sender import Clerk, deletion

CLERK = Clerk()
# Signed when the tests are collected and verified minutes later: dated ahead as far as the tolerance allows.
SENT = CLERK.send(deletion(), seconds_ago=-290)
SECRETS = SigningSecrets(CLERK.secrets)
GOOD = SENT.headers["svix-signature"]
WRONG = "v1," + "A" * 43 + "="


def refusal(headers: list[tuple[bytes, bytes]], body: bytes = SENT.body) -> tuple[Reason, int]:
    """The reason of the refusal; fails if there is none."""
    with pytest.raises(InvalidDelivery) as refused:
        SECRETS.verify(headers, body)
    return refused.value.reason, refused.value.status


def headers_with(**changed: bytes) -> list[tuple[bytes, bytes]]:
    """The headers of a valid delivery with some values changed."""
    fields = dict(SENT.raw_headers) | {f"svix-{name}".encode(): value for name, value in changed.items()}
    return list(fields.items())


@pytest.mark.parametrize("missing", [b"svix-id", b"svix-timestamp", b"svix-signature"])
def test_a_missing_header_is_refused(missing: bytes) -> None:
    headers = [header for header in SENT.raw_headers if header[0] != missing]
    assert refusal(headers) == (Reason.HEADERS_MISSING, 400)


def test_a_request_without_any_header_is_refused() -> None:
    assert refusal([]) == (Reason.HEADERS_MISSING, 400)


def test_a_mix_of_both_kinds_of_header_names_is_refused() -> None:
    headers = [(name.replace(b"svix-id", b"webhook-id"), value) for name, value in SENT.raw_headers]
    assert refusal(headers) == (Reason.HEADERS_MISSING, 400)


@pytest.mark.parametrize("repeated", ["svix-id", "svix-timestamp", "svix-signature"])
def test_a_repeated_header_is_refused_even_with_the_same_value(repeated: str) -> None:
    headers = [*SENT.raw_headers, (repeated.encode(), SENT.headers[repeated].encode())]
    assert refusal(headers) == (Reason.HEADERS_REPEATED, 400)


@pytest.mark.parametrize(
    "svix_id", [b"", b" ", b"msg 1", b"msg\t1", b"msg\x001", b"msg_\xc3\xa5", b"m" * 256, b"msg_1\r\nset-cookie: a"]
)
def test_an_id_that_is_not_visible_ascii_is_refused(svix_id: bytes) -> None:
    assert refusal(headers_with(id=svix_id)) == (Reason.HEADERS_MALFORMED, 400)


@pytest.mark.parametrize(
    "timestamp",
    [
        b"",
        b"now",
        b"nan",
        b"inf",
        b"-1",
        b"+1764000000",
        b" 1764000000",
        b"1764000000 ",
        b"1_764_000_000",
        b"1.764e9",
        b"1764000000.5",
        b"0x6924",
        "١٧٦٤٠٠٠٠٠٠".encode(),
        b"9" * 12,
        b"1" * 5_000,
    ],
)
def test_a_timestamp_that_is_not_a_plain_number_is_refused(timestamp: bytes) -> None:
    assert refusal(headers_with(timestamp=timestamp)) == (Reason.HEADERS_MALFORMED, 400)


@pytest.mark.parametrize("timestamp", [b"0", b"1614265330", b"9" * 11])
def test_a_timestamp_out_of_tolerance_is_refused_whatever_the_signature(timestamp: bytes) -> None:
    assert refusal(headers_with(timestamp=timestamp)) == (Reason.TIMESTAMP_OUT_OF_TOLERANCE, 401)


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        b" ",
        b"v1",
        b"v1,",
        b"v1,,",
        b",v1",
        b"v1,abc",
        b"v1,%%%%",
        b"v1," + b"A" * 44,
        WRONG.encode() + b"x",
        WRONG.encode() + b"," + WRONG.encode(),
        WRONG.replace("v1,", "v2,").encode(),
        WRONG.replace("v1,", "v1a,").encode(),
        b"v1,\xff\xfe",
        b"GOOD v1,\xc3\xa5",
        b"GOOD" + b" " * 5_000,
    ],
)
def test_a_signature_header_without_a_v1_signature_is_refused(signature: bytes) -> None:
    assert refusal(headers_with(signature=signature.replace(b"GOOD", GOOD.encode()))) == (Reason.HEADERS_MALFORMED, 400)


@pytest.mark.parametrize(
    "headers",
    [
        headers_with(id=b"msg_of_another"),
        headers_with(timestamp=str(int(SENT.headers["svix-timestamp"]) + 1).encode()),
        headers_with(signature=WRONG.encode()),
        headers_with(signature=Clerk().send(SENT.body, svix_id=SENT.svix_id).headers["svix-signature"].encode()),
    ],
    ids=["id", "timestamp", "signature", "another secret"],
)
def test_a_signature_over_anything_else_is_refused(headers: list[tuple[bytes, bytes]]) -> None:
    assert refusal(headers) == (Reason.SIGNATURE_WRONG, 401)


@pytest.mark.parametrize("body", [b"", SENT.body + b" ", SENT.body[:-1], SENT.body.replace(b"ada", b"eve")])
def test_a_modified_body_is_refused(body: bytes) -> None:
    assert refusal(SENT.raw_headers, body) == (Reason.SIGNATURE_WRONG, 401)


NOT_TEXT = [b"\xff", b'{"name": "\xe5"}', b"\xed\xa0\x80", SENT.body + b"\xc3"]


@pytest.mark.parametrize("body", NOT_TEXT)
def test_a_body_that_is_not_utf_8_is_refused_with_a_wrong_signature(body: bytes) -> None:
    assert refusal(SENT.raw_headers, body) == (Reason.SIGNATURE_WRONG, 401)


@pytest.mark.parametrize("body", NOT_TEXT)
def test_a_body_that_is_not_utf_8_is_accepted_with_a_valid_signature(body: bytes) -> None:
    sent = CLERK.send(body, seconds_ago=-290)
    assert SECRETS.verify(sent.raw_headers, body).body == body


@pytest.mark.parametrize("seconds_ago", [301, -900])
def test_a_signed_body_that_is_not_utf_8_is_refused_out_of_tolerance(seconds_ago: int) -> None:
    sent = CLERK.send(b"\xff", seconds_ago=seconds_ago)
    assert refusal(sent.raw_headers, sent.body) == (Reason.TIMESTAMP_OUT_OF_TOLERANCE, 401)


@pytest.mark.parametrize(
    "signature",
    [
        "v1 GOOD",
        "v1,%% GOOD",
        "v1,a,b GOOD",
        "v2,abc v1a,abc GOOD",
        "  GOOD  ",
        f"{WRONG}  GOOD",
        " ".join([WRONG] * (MOST_SIGNATURES - 1) + ["GOOD"]),
    ],
)
def test_a_valid_signature_is_found_among_other_entries(signature: str) -> None:
    assert (
        SECRETS.verify(headers_with(signature=signature.replace("GOOD", GOOD).encode()), SENT.body).svix_id
        == SENT.svix_id
    )


def test_a_valid_signature_after_too_many_others_is_refused() -> None:
    signature = " ".join([WRONG] * MOST_SIGNATURES + [GOOD])
    assert refusal(headers_with(signature=signature.encode())) == (Reason.SIGNATURE_WRONG, 401)


NAMES = st.sampled_from([b"svix-id", b"svix-timestamp", b"svix-signature", b"webhook-id", b"webhook-signature"])
VALUES = st.one_of(
    st.binary(max_size=100),
    st.sampled_from([value for _, value in SENT.raw_headers]),
    st.lists(st.sampled_from(["v1", ",", " ", "A" * 43 + "=", "\x00", "é"])).map("".join).map(str.encode),
)


@given(headers=st.lists(st.tuples(NAMES, VALUES), max_size=6), body=st.binary(max_size=50))
def test_any_untrusted_input_raises_only_a_refusal(headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    with pytest.raises(InvalidDelivery):
        SECRETS.verify(headers, body)
