import pytest
from pydantic import ValidationError

from akako_guard.formats import split_parties
from config.settings import AccessSettings, BackendSettings
from tests.clerk_signs_in import Instance, private_key

INSTANCE = Instance()
EC_KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9
q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==
-----END PUBLIC KEY-----"""


def access(**said: object) -> AccessSettings:
    """Settings of an application that is guarded."""
    needed = {"database_url": "postgresql://db.example.com/akako", "clerk_issuer": INSTANCE.issuer}
    return AccessSettings(**{**needed, **said})  # type: ignore[arg-type]  # judged as the environment would be


def complaint(**said: object) -> str:
    """What is said of a setting that will not do."""
    with pytest.raises(ValidationError) as wrong:
        access(**said)
    return str(wrong.value)


@pytest.mark.parametrize(
    ("written", "issuer"),
    [
        ("https://clerk.example.com", "https://clerk.example.com"),
        ("https://clerk.example.com/", "https://clerk.example.com"),
        ("https://Clerk.Example.com:443", "https://clerk.example.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://app.example.com/__clerk", "https://app.example.com/__clerk"),
        ("https://APP.example.com:443/API/__clerk/", "https://app.example.com/API/__clerk"),
    ],
)
def test_an_issuer_is_an_origin_and_perhaps_a_path_without_a_slash_behind_it(written: str, issuer: str) -> None:
    assert access(clerk_issuer=written).clerk_issuer == issuer


@pytest.mark.parametrize(
    "issuer",
    [
        "clerk.example.com",
        "http://clerk.example.com",
        "http://clerk.localhost",
        "https://",
        "https://clerk.example.com?x=1",
        "https://user:password@clerk.example.com",
        "ftp://clerk.example.com",
        "file:///etc/passwd",
        "chrome-extension://abcdefghijklmnop",
        "https://app.example.com:99999/__clerk",
    ],
)
def test_an_issuer_that_keys_must_not_be_fetched_from_is_no_issuer(issuer: str) -> None:
    assert "give an origin" in complaint(clerk_issuer=issuer)


@pytest.mark.parametrize("path", ["__clerk?x=1", "__clerk#x", "../up", "a/./b", "a//b", "%2e%2e/b", "a b", "ä", "a;b"])
def test_a_path_that_could_lead_elsewhere_is_no_part_of_an_issuer(path: str) -> None:
    assert "give an issuer" in complaint(clerk_issuer=f"https://app.example.com/{path}")


def test_a_pem_may_have_lost_its_line_breaks() -> None:
    pasted = INSTANCE.pem.strip().replace("\n", "\\n")
    assert access(clerk_jwt_key=pasted).clerk_jwt_key == INSTANCE.pem.strip()


@pytest.mark.parametrize("pem", ["nonsense", INSTANCE.pem[:200], EC_KEY, Instance(key=9).pem[:-60]])
def test_what_is_not_the_public_rsa_key_is_refused(pem: str) -> None:
    assert "PEM" in complaint(clerk_jwt_key=pem)


def test_a_key_too_small_to_trust_is_refused() -> None:
    small = Instance()
    small.key = private_key(8, bits=1_024)
    assert "PEM" in complaint(clerk_jwt_key=small.pem)


def test_parties_are_origins_separated_by_commas() -> None:
    settings = access(clerk_authorized_parties="https://lms.example.com/, http://localhost:3000,")
    assert split_parties(settings.clerk_authorized_parties) == ("https://lms.example.com", "http://localhost:3000")


@pytest.mark.parametrize(
    ("written", "party"),
    [
        ("https://App.Example.com", "https://app.example.com"),
        ("https://app.example.com:443/", "https://app.example.com"),
        ("https://app.example.com:8443", "https://app.example.com:8443"),
        ("http://localhost:80", "http://localhost"),
        ("http://tauri.localhost", "http://tauri.localhost"),
        ("https://köln.example", "https://xn--kln-sna.example"),
        ("https://straße.example", "https://xn--strae-oqa.example"),
        ("https://例え.テスト", "https://xn--r8jz45g.xn--zckzah"),
        ("chrome-extension://abcdefghijklmnopabcdefghijklmnop", "chrome-extension://abcdefghijklmnopabcdefghijklmnop"),
        (
            "moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc/",
            "moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc",
        ),
        ("capacitor://localhost", "capacitor://localhost"),
        ("ionic://localhost", "ionic://localhost"),
        ("tauri://localhost", "tauri://localhost"),
        ("com.example.app://app", "com.example.app://app"),
    ],
)
def test_a_party_is_kept_as_browsers_send_it(written: str, party: str) -> None:
    assert access(clerk_authorized_parties=written).clerk_authorized_parties == party


@pytest.mark.parametrize(
    "party",
    [
        *("http://lms.example.com", "htps://lms.example.com", "https://lms.example.com/path", "https://", "null", "*"),
        *("https://*.example.com", "https://lms.example.com?x", "https://a@lms.example.com", "file://lms"),
        *("chrome-extension://", "https://☕.example", "https://a b.example", "https://[::g]", "https://1.2.3"),
        *("https://a.example:70000", "https://a%2eexample", "https://a.example\\b"),
    ],
)
def test_what_browsers_do_not_send_as_an_origin_is_refused(party: str) -> None:
    assert "give an origin" in complaint(clerk_authorized_parties=party)


def test_a_party_that_no_browser_would_name_is_refused() -> None:
    assert "give an origin" in complaint(clerk_authorized_parties="https://lms.example.com,lms.example.com")


@pytest.mark.parametrize("seconds", [-1, 10.5, 60])
def test_a_leeway_of_more_than_ten_seconds_is_refused(seconds: float) -> None:
    assert "token_leeway_seconds" in complaint(token_leeway_seconds=seconds)


def test_a_publishable_key_is_not_a_secret_key() -> None:
    with pytest.raises(ValidationError, match="sk_live_"):
        BackendSettings(
            database_url="postgresql://db.example.com/akako",
            clerk_secret_key="pk_test_1",
        )
