import pytest

from akako_guard import credentials
from akako_guard.credentials import MOST_COOKIES, Credentials
from akako_guard.tokens import InvalidToken, Reason

Headers = list[tuple[bytes, bytes]]


def cookie(value: str) -> tuple[bytes, bytes]:
    return (b"cookie", value.encode("latin-1"))


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_bearer_scheme_is_case_insensitive(scheme: str) -> None:
    assert credentials.find([(b"authorization", f"{scheme} a.b.c".encode())]).tokens == ("a.b.c",)


@pytest.mark.parametrize(
    ("sent", "tokens"),
    [
        ("__session=a.b.c", ("a.b.c",)),
        ("theme=dark; __session=a.b.c; lang=de", ("a.b.c",)),
        ("__session_Xy12=d.e.f; __session=a.b.c", ("d.e.f", "a.b.c")),
        ("__session=a.b.c; __session=a.b.c", ("a.b.c",)),
        ("__session=a=b", ("a=b",)),
        ("__sessions=a.b.c; x__session=a.b.c; __Session=a.b.c; __session=; __session", ()),
        ("", ()),
        (";;=;", ()),
        ("__session=a.b.c ;\t__session_1=d.e.f", ("a.b.c", "d.e.f")),
        ("x=__session=a.b.c; y;__session=d.e.f", ("d.e.f",)),
    ],
)
def test_session_cookies_are_found_among_others(sent: str, tokens: tuple[str, ...]) -> None:
    found = credentials.find([cookie(sent)])
    assert (found.tokens, found.from_cookie) == (tokens, True)


def test_cookies_may_come_in_several_headers() -> None:
    found = credentials.find([cookie("__session=a.b.c"), cookie("__session_1=d.e.f")])
    assert found.tokens == ("a.b.c", "d.e.f")


def test_a_bearer_token_takes_precedence_over_cookies() -> None:
    found = credentials.find([cookie("__session=a.b.c"), (b"authorization", b"Bearer d.e.f")])
    assert found == Credentials(("d.e.f",))


def test_with_another_authorization_scheme_cookies_are_used() -> None:
    assert credentials.find([(b"authorization", b"Basic eDp5"), cookie("__session=a.b.c")]).tokens == ("a.b.c",)


@pytest.mark.parametrize("other", [b"Bearer a.b.c", b"Bearer x.y.z", b"Basic eDp5", b""])
def test_repeated_authorization_headers_are_refused_even_if_equal(other: bytes) -> None:
    with pytest.raises(InvalidToken, match=Reason.AUTHORIZATION_REPEATED):
        credentials.find([(b"authorization", b"Bearer a.b.c"), (b"authorization", other)])


@pytest.mark.parametrize("nothing", [b"Bearer", b"Bearer ", b"bearer    "])
def test_an_empty_bearer_token_prevents_the_use_of_cookies(nothing: bytes) -> None:
    assert credentials.find([(b"authorization", nothing), cookie("__session=a.b.c")]).tokens == ("",)


def test_the_number_of_cookies_is_limited() -> None:
    sent = "; ".join(f"__session_{number}=a.b.{number}" for number in range(1_000))
    assert len(credentials.find([cookie(sent)]).tokens) == MOST_COOKIES


def test_arbitrary_bytes_are_parsed() -> None:
    every = bytes(range(1, 256))
    headers: Headers = [(b"authorization", every), (b"cookie", every), (b"origin", every), (b"x", every)]
    assert credentials.find(headers).tokens == ()


SIGNED_IN, SIGNED_OUT = "__client_uat=1790000000", "__client_uat=0"


@pytest.mark.parametrize(
    ("sent", "earliest"),
    [
        ("__session=a.b.c", {"a.b.c": 0}),
        (f"__session=a.b.c; {SIGNED_IN}", {"a.b.c": 1_790_000_000}),
        (f"__session_X=a.b.c; {SIGNED_IN}", {"a.b.c": 1_790_000_000}),
        ("__session_X=a.b.c; __client_uat_X=7; __client_uat=9", {"a.b.c": 7}),
        (f"__session_X=a.b.c; __client_uat_X=7; {SIGNED_OUT}", {"a.b.c": 7}),
        (f"__session=a.b.c; __session_X=a.b.c; __client_uat_X=7; {SIGNED_OUT}", {"a.b.c": 7}),
        (f"__session=a.b.c; __session_X=d.e.f; __client_uat_X=7; {SIGNED_OUT}", {"d.e.f": 7}),
        ("__session=a.b.c; __session_X=d.e.f; __client_uat_X=0; __client_uat=7", {"a.b.c": 7}),
        ("__session=a.b.c; __client_uat=7; __client_uat=9", {"a.b.c": 9}),
        ("__session=a.b.c; __client_uat_Y=0; x__client_uat=0; __client_uats=0", {"a.b.c": 0}),
    ],
)
def test_a_session_cookie_is_checked_against_the_client_cookie_of_its_instance(
    sent: str, earliest: dict[str, int]
) -> None:
    assert credentials.find([cookie(sent)]).earliest == earliest


@pytest.mark.parametrize(
    "sent",
    [
        f"__session=a.b.c; {SIGNED_OUT}",
        f"{SIGNED_OUT}; __session_X=a.b.c",
        "__session_X=a.b.c; __client_uat_X=0; __client_uat=7",
        "__session=a.b.c; __session_X=a.b.c; __client_uat_X=0; __client_uat=7",
        "__session=a.b.c; __client_uat=7; __client_uat=0",
        "__session=a.b.c; __client_uat=",
        "__session=a.b.c; __client_uat=soon",
        f"__session=a.b.c; __client_uat={'9' * 5_000}",
    ],
)
def test_cookies_of_a_signed_out_client_are_refused(sent: str) -> None:
    with pytest.raises(InvalidToken, match=Reason.SIGNED_OUT):
        credentials.find([cookie(sent)])


def test_client_cookies_do_not_affect_a_bearer_token() -> None:
    found = credentials.find([cookie(f"__session=a.b.c; {SIGNED_OUT}"), (b"authorization", b"Bearer d.e.f")])
    assert found.tokens == ("d.e.f",)
