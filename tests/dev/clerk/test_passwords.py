"""Password digests are checked when a user is created, and really verified."""

import pytest

from dev.clerk import passwords
from dev.clerk.user import Password
from tests.dev.clerk.api import Api, Refused

CORRECT = "correct horse 1"
DIGESTS = {
    "argon2i": "$argon2i$v=19$m=8192,t=3,p=2$AAECAwQFBgcICQoLDA0ODw$FwcQD1vHBI55dU4BzufidYkZshckCkik2XtQzIGBB9M",
    "argon2id": "$argon2id$v=19$m=7168,t=5,p=1$AAECAwQFBgcICQoLDA0ODw$kr5LV/SdMqKsgEb2JCw2DJDoZraCPCdmEjM0ujKSlgU",
    "bcrypt": "$2a$10$abcdefghijklmnopqrstuuFzaLl22Q/4sUS1B6HLw8.TDaHis0CLy",
    "bcrypt_sha256_django": "bcrypt_sha256$$2b$04$WHcVVUPmK7D4zE17DiCPBe0s4GzeJB4LrbgilpWcBoE9S/qGrM/x.",
    "ldap_ssha": "{SSHA}8zp23iXEEQsuAhNlG86eIiYFnltzYWx0",
    "md5": "26cddb9f7d28f3d57a5a7c824b1216b7",
    "pbkdf2_sha1": "pbkdf2_sha1$20000$000102030405060708090a0b0c0d0e0f$"
    "e3bc49763803ee80898da28c5abf7ff5b8d93f8ef945fcb3d669a72ac1fb06dc$32",
    "pbkdf2_sha256": "pbkdf2_sha256$27500$AAECAwQFBgcICQoLDA0ODw==$ByHME0Bcgq21SQPoMfWNB1SaFhqIjABc2ZC5otQcKxQ=",
    "pbkdf2_sha256_django": "pbkdf2_sha256$1000$salt$wtJc7V8x01jF6/BloL5vIf+7AIM1ivQn1VYvARy0Ads=",
    "pbkdf2_sha512": "pbkdf2_sha512$1000$salt$49458dbf1809462b6110017e0858459bb094498aceaa1d56e94b9d1c7c3d2bb0"
    "05100d29b715374b2327e3a685a2681c47cbad95f63bdf4ca876eec860324eee",
    "pbkdf2_sha512_hex": "pbkdf2_sha512_hex$30000$ffe3b0fb3ed5a9f0c3a27c3ef0bff8e1$"
    "ce82710c52c1a1a5d6214dd9c607337196e12b60a315920f15fb00ec0123bb6550f3fb5f147b37e9ef7d73f6213969d0593a97a6df44043b"
    "9fa7ddb6d1611457",
    "scrypt_werkzeug": "scrypt:1024:8:1$salt$3119795225596f3f9b3d2def854d2ca4696420bc2a3465d14cf7ae7989c7d6ca"
    "7bf9eb8b0c7e873f2539c26f993907d5788593c36d9d3189258343779dd0f377",
    "sha256": "e11b52da4a66f9f71373b0c1b4ddb847405e05fc8237570964f1c3a043ca10e7",
}
"""Digests of CORRECT, made by other implementations."""
PUBLISHED = [
    ("phpass", "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0", "test12345"),
    (
        "scrypt_firebase",
        "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==$42xEC+ixf3L2lw==$"
        "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$Bw==$8$14",
        "user1password",
    ),
]
"""The examples that the authors of phpass and Firebase publish."""


@pytest.mark.parametrize("hasher", DIGESTS)
def test_the_right_password_is_verified_and_a_wrong_one_is_not(hasher: str) -> None:
    password = Password(hasher, DIGESTS[hasher])

    assert passwords.verify(password, CORRECT)
    assert not passwords.verify(password, "wrong horse 1")


@pytest.mark.parametrize(("hasher", "digest", "correct"), PUBLISHED, ids=lambda value: value[:12])
def test_published_examples_are_verified(hasher: str, digest: str, correct: str) -> None:
    password = Password(hasher, digest)

    assert passwords.verify(password, correct)
    assert not passwords.verify(password, f"{correct} ")


def test_a_user_is_created_with_a_digest_whose_password_is_verified(api: Api) -> None:
    ada = api.user(password_hasher="bcrypt", password_digest=DIGESTS["bcrypt"])

    with pytest.raises(Refused) as wrong:
        api("POST", f"/users/{ada['id']}/verify_password", {"password": "wrong"})

    assert api("POST", f"/users/{ada['id']}/verify_password", {"password": CORRECT}) == {"verified": True}
    assert (wrong.value.status, wrong.value.code) == (422, "incorrect_password")
    assert ada["password_enabled"] is True


def test_a_plain_password_is_verified_and_never_stored(api: Api) -> None:
    ada = api.user(password=CORRECT)

    assert api("POST", f"/users/{ada['id']}/verify_password", {"password": CORRECT}) == {"verified": True}
    assert CORRECT not in repr(api.instance.state)


@pytest.mark.parametrize(
    ("hasher", "digest", "param"),
    [
        ("bcrypt", "$2a$10$tooshort", "password_digest"),
        ("argon2id", DIGESTS["argon2i"], "password_digest"),
        ("pbkdf2_sha256", "pbkdf2_sha256$0$AAEC$AAEC", "password_digest"),
        ("pbkdf2_sha256", "pbkdf2_sha256$1000$not base64$AAEC", "password_digest"),
        ("pbkdf2_sha1", "pbkdf2_sha1$1000$0g$00", "password_digest"),
        ("sha256", DIGESTS["md5"], "password_digest"),
        ("rot13", "frperg", "password_hasher"),
        (None, DIGESTS["md5"], "password_hasher"),
    ],
)
def test_a_malformed_digest_is_422(api: Api, hasher: str | None, digest: str, param: str) -> None:
    with pytest.raises(Refused) as caught:
        api.user(password_hasher=hasher, password_digest=digest)

    assert (caught.value.status, caught.value.param) == (422, param)
