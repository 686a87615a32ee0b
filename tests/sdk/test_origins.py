import pytest
from hypothesis import given
from hypothesis import strategies as st

from akako_guard import origins


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("HTTPS://LMS.EXAMPLE.COM:443", "https://lms.example.com"),
        ("https://lms.example.com:", "https://lms.example.com"),
        ("https://lms.example.com:0443", "https://lms.example.com"),
        ("https://lms.example.com.", "https://lms.example.com."),
        ("http://lms.example.com:443", "http://lms.example.com:443"),
        ("https://[2001:DB8:0::1]:443", "https://[2001:db8::1]"),
        ("https://10.0.0.7:8443", "https://10.0.0.7:8443"),
        ("https://ÄPFEL.example", "https://xn--pfel-koa.example"),
        ("https://xn--pfel-koa.example", "https://xn--pfel-koa.example"),
        ("capacitor://localhost:443", "capacitor://localhost:443"),
    ],
)
def test_an_origin_is_serialized_as_in_a_browser(text: str, origin: str) -> None:
    assert origins.serialize(text) == origin


@pytest.mark.parametrize(
    ("origin", "parts"),
    [
        ("https://lms.example.com", ("https", "lms.example.com", "")),
        ("https://lms.example.com:8443", ("https", "lms.example.com", "8443")),
        ("http://[::1]", ("http", "[::1]", "")),
        ("http://[::1]:3000", ("http", "[::1]", "3000")),
    ],
)
def test_an_origin_has_three_parts(origin: str, parts: tuple[str, str, str]) -> None:
    assert origins.split(origin) == parts


@given(st.text(max_size=50) | st.from_regex(r"[a-z]{1,6}://.{0,20}(:[0-9]{0,8})?", fullmatch=True))
def test_any_text_is_an_origin_that_stays_as_it_is_or_none(text: str) -> None:
    try:
        origin = origins.serialize(text)
    except ValueError:
        return
    assert origins.serialize(origin) == origin
    assert origin.isascii()
