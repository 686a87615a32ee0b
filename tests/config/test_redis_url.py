"""Every spelling of a Redis URL that hosts give, and the sentence for what cannot be."""

import ssl
from pathlib import Path

import pytest
from kombu.utils.url import parse_url as as_kombu_reads
from redis.connection import parse_url as as_redis_py_reads

from config.redis_url import normalise

NAMED = {"required": ssl.CERT_REQUIRED, "optional": ssl.CERT_OPTIONAL, "none": ssl.CERT_NONE}


@pytest.mark.parametrize(
    ("option", "meant"),
    [
        ("", "required"),
        ("?ssl_cert_reqs=required", "required"),
        ("?ssl_cert_reqs=CERT_REQUIRED", "required"),
        ("?ssl_cert_reqs=CERT_OPTIONAL", "optional"),
        ("?ssl_cert_reqs=none", "none"),
        ("?ssl_cert_reqs=CERT_NONE", "none"),
        ("?ssl_cert_reqs=None", "none"),
    ],
)
def test_celery_and_redis_py_verify_alike_and_by_default(option: str, meant: str) -> None:
    url = normalise(f"rediss://:secret@redis.example.com:6380/0{option}")
    assert as_kombu_reads(url)["ssl"]["ssl_cert_reqs"] == NAMED[meant]
    assert as_redis_py_reads(url)["ssl_cert_reqs"] == meant  # type: ignore[no-untyped-call]


def test_both_name_the_same_ca_and_compare_host_names_alike(tmp_path: Path) -> None:
    ca = tmp_path / "a certificate.pem"
    ca.touch()
    url = normalise(f"rediss://h:6380/0?ssl_ca_certs={str(ca).replace(' ', '%20')}&ssl_check_hostname=False")
    kombu, redis_py = as_kombu_reads(url)["ssl"], as_redis_py_reads(url)  # type: ignore[no-untyped-call]
    assert kombu["ssl_ca_certs"] == redis_py["ssl_ca_certs"] == str(ca)
    assert (kombu["ssl_check_hostname"], redis_py["ssl_check_hostname"]) == (False, False)


@pytest.mark.parametrize("url", ["redis://h:6379/0", "redis://u:p%40ss@h", "redis://:p@[::1]:6379/15"])
def test_a_url_without_tls_stays_as_it_is(url: str) -> None:
    assert normalise(url) == url


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("amqp://h", "redis://host:6379/0"),
        ("sentinel://h:26379", "Sentinel is not supported: give the address of the primary"),
        ("redis+sentinel://h:26379/mymaster", "Sentinel is not supported"),
        ("redis://a:6379;redis://b:6379", "not several"),
        ("redis://a:6379,b:6379/0", "one host and one port"),
        ("redis:///0", "host is missing"),
        ("redis://h:6379/mymaster", "number of a database"),
        ("redis://h:6379/0?ssl_cert_reqs=none", "rediss:// only"),
        ("rediss://h:6379/0?ssl_cert_reqs=maybe", "required (the default), optional or none"),
        ("rediss://h:6379/0?ssl_check_hostname=maybe", "true (the default) or false"),
        ("rediss://h:6379/0?ssl_ca_certs=/nowhere/ca.pem", "cannot be read"),
        ("rediss://h:6379/0?protocol=3", "remove protocol"),
    ],
)
def test_a_url_that_cannot_be_says_what_to_change_and_no_password(url: str, advice: str) -> None:
    with pytest.raises(ValueError) as refused:
        normalise(url.replace("://", "://:hidden@", 1))
    assert advice in str(refused.value)
    assert "hidden" not in str(refused.value)
