import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from akako_guard.authentication import Authentication
from akako_guard.keyring import PATH
from akako_guard.role import Role
from tests import lms, people
from tests.clerk_signs_in import ADA, PARTY, Instance
from tests.examples import examples
from tests.local_server import Answer, LocalServer, serving
from tests.sdk.lines import captured
from tests.servers import Database

OTHER_APP = Instance("https://clerk.other.example.com", kid="ins_other", key=1)


@pytest.fixture
def resources() -> Iterator[ExitStack]:
    """Closes the resources of a test."""
    with ExitStack() as stack:
        yield stack


def published(instance: Instance) -> Answer:
    return Answer(json.dumps({"keys": [instance.jwk()]}).encode())


def issuing(resources: ExitStack, *answers: Answer) -> tuple[Instance, LocalServer]:
    """An instance that publishes its keys over HTTP."""
    issuer = resources.enter_context(serving(*answers))
    return Instance(issuer.url), issuer


def status(platform: TestClient, path: str = "/welcome", **headers: str) -> int:
    return platform.get(path, headers=headers).status_code


def test_a_token_in_a_session_cookie_is_accepted(platform: TestClient, instance: Instance) -> None:
    assert status(platform, Cookie=f"__session={instance.token()}") == 200
    assert status(platform, Cookie=f"__session_Xy12={instance.token()}") == 200


def test_the_valid_one_of_several_cookies_is_used(platform: TestClient, instance: Instance) -> None:
    cookies = [OTHER_APP.token("user_eve"), "garbage", instance.token(age=500), instance.token()]
    sent = "; ".join(f"__session_{number}={value}" for number, value in enumerate(cookies))
    assert platform.get("/welcome", headers={"Cookie": sent}).json()["clerk_id"] == ADA


def test_the_newest_of_several_valid_cookies_is_used(platform: TestClient, instance: Instance) -> None:
    old, new = instance.token("user_old", age=30), instance.token("user_new", age=2)
    for sent in (f"__session={old}; __session_1={new}", f"__session={new}; __session_1={old}"):
        assert platform.get("/welcome", headers={"Cookie": sent}).json()["clerk_id"] == "user_new"


def test_a_refused_bearer_token_is_not_replaced_by_a_good_cookie(platform: TestClient, instance: Instance) -> None:
    assert status(platform, Authorization="Bearer garbage", Cookie=f"__session={instance.token()}") == 401


def test_repeated_authorization_headers_are_unauthorized(platform: TestClient, instance: Instance) -> None:
    headers = [("Authorization", f"Bearer {instance.token()}")] * 2
    assert platform.get("/welcome", headers=headers).status_code == 401


def test_a_cookie_in_a_request_of_another_site_is_unauthorized(platform: TestClient, instance: Instance) -> None:
    cookie = f"__session={instance.token()}"
    assert status(platform, Cookie=cookie, Origin=PARTY) == 200
    assert status(platform, Cookie=cookie, Origin="https://evil.example.com") == 401
    assert status(platform, Cookie=cookie, Origin="null") == 401


@pytest.fixture
def any_party(database: Database, instance: Instance, resources: ExitStack) -> TestClient:
    """A client of a platform without parties, at https://lms.example.com like its pages."""
    client = resources.enter_context(lms.serving(database, instance, clerk_authorized_parties=""))
    client.base_url = client.base_url.copy_with(scheme="https", host="lms.example.com")
    return client


def post(platform: TestClient, **headers: str) -> int:
    return platform.post("/course", headers=headers).status_code


def test_without_parties_a_form_of_another_site_is_unauthorized(
    any_party: TestClient, instance: Instance, engine: Engine
) -> None:
    people.add(engine, ADA, Role.MENTOR)
    cookie = f"__session={instance.token()}"
    assert post(any_party, Cookie=cookie, Origin=PARTY) == 200
    assert post(any_party, Cookie=cookie, Origin="https://evil.example.com") == 401
    assert post(any_party, Cookie=cookie, Origin="null") == 401
    assert post(any_party, Cookie=cookie, **{"Sec-Fetch-Site": "cross-site"}) == 401
    assert post(any_party, Cookie=cookie) == 401
    assert post(any_party, Authorization=f"Bearer {instance.token()}", Origin="https://evil.example.com") == 200


def test_without_parties_a_cookie_is_accepted_from_the_origin_in_its_azp(
    any_party: TestClient, instance: Instance
) -> None:
    page = "https://app.example.com"
    theirs, ours = instance.token(azp="https://App.example.com:443"), instance.token()
    assert status(any_party, Cookie=f"__session={theirs}", Origin=page) == 200
    assert status(any_party, Cookie=f"__session={ours}", Origin=page) == 401
    assert status(any_party, Cookie=f"__session={instance.token(azp=None)}", Origin=page) == 401
    assert status(any_party, Cookie=f"__session={instance.token(azp='null')}", Origin="null") == 401


def test_without_parties_cross_site_links_are_accepted_and_images_are_not(
    any_party: TestClient, instance: Instance
) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    image = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    cookie = f"__session={instance.token()}"
    assert status(any_party, Cookie=cookie, **link) == 200
    assert status(any_party, Cookie=cookie, **image) == 401


def test_the_cookie_of_a_signed_out_client_is_unauthorized(platform: TestClient, instance: Instance) -> None:
    cookie = f"__session={instance.token(age=10)}"
    assert status(platform, Cookie=f"{cookie}; __client_uat=0") == 401
    assert status(platform, Cookie=f"{cookie}; __client_uat={int(time.time()) - 3_600}") == 200
    assert status(platform, Authorization=f"Bearer {instance.token()}", Cookie="__client_uat=0") == 200


def test_a_cookie_from_before_the_last_sign_in_or_sign_out_is_unauthorized(
    platform: TestClient, instance: Instance
) -> None:
    changed = int(time.time()) - 5
    old, new = instance.token("user_old", iat=changed - 1), instance.token("user_new", iat=changed)
    assert status(platform, Cookie=f"__session={old}; __client_uat={changed}") == 401
    assert status(platform, Cookie=f"__session={new}; __client_uat={changed}") == 200


def test_a_template_token_is_accepted_only_with_the_setting(
    platform: TestClient, instance: Instance, database: Database, engine: Engine, resources: ExitStack
) -> None:
    people.add(engine, ADA)
    optional = resources.enter_context(lms.serving(database, instance, token_session_id="optional"))
    made = lms.bearer(instance.token(sid=None, sts=None, v=None, jti="0123456789abcdef"))
    assert platform.get("/me", headers=made).status_code == 401
    assert optional.get("/me", headers=made).json()["session"] is None
    assert optional.get("/me", headers=lms.bearer(instance.token())).json()["session"] == "sess_1"


def test_keys_of_an_issuer_with_a_path_are_fetched_below_the_path(resources: ExitStack, database: Database) -> None:
    _, issuer = issuing(resources, published(Instance()))
    instance = Instance(f"{issuer.url}/__clerk")
    platform = resources.enter_context(
        lms.serving(database, instance, clerk_jwt_key=None, clerk_issuer=f"{instance.issuer}/")
    )
    assert status(platform, Authorization=f"Bearer {instance.token()}") == 200
    assert status(platform, Authorization=f"Bearer {instance.token(iss=issuer.url)}") == 401
    assert [asked.path for asked in issuer.asked] == ["/__clerk" + PATH]


def test_a_browser_extension_can_be_a_party(database: Database, instance: Instance, resources: ExitStack) -> None:
    party = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"
    platform = resources.enter_context(lms.serving(database, instance, clerk_authorized_parties=f"{party}/"))
    assert status(platform, Authorization=f"Bearer {instance.token(azp=party)}") == 200
    assert status(platform, Cookie=f"__session={instance.token(azp=party)}", Origin=party) == 200
    assert status(platform, Authorization=f"Bearer {instance.token()}") == 401


def test_a_bearer_token_is_accepted_from_any_origin(platform: TestClient, instance: Instance) -> None:
    assert status(platform, Authorization=f"Bearer {instance.token()}", Origin="https://else.example.com") == 200


def test_all_refusals_have_the_same_response_and_a_reason_in_the_log(platform: TestClient, instance: Instance) -> None:
    expired = instance.token(age=500)
    with captured() as logs:
        answers = [platform.get("/welcome", headers=lms.bearer(token)) for token in (expired, "garbage", "")]
    assert {(answer.status_code, answer.text) for answer in answers} == {(401, '{"error":"Unauthorized"}')}
    assert [(line["event"], str(line["reason"])) for line in logs] == [
        ("token.refused", "expired"),
        ("token.refused", "malformed"),
    ]
    assert expired not in str(logs)


@pytest.mark.properties
def test_the_log_of_refusals_is_rate_limited(platform: TestClient) -> None:
    with captured() as logs:
        for _ in range(examples(1_000)):
            platform.get("/welcome", headers=lms.bearer("garbage"))
    assert 1 <= len(logs) <= 3


def test_a_request_without_a_token_is_not_logged_as_a_refusal(platform: TestClient) -> None:
    with captured() as logs:
        assert status(platform) == 401
    assert logs == []


def test_keys_are_fetched_once_for_many_requests(resources: ExitStack, database: Database) -> None:
    instance, issuer = issuing(resources, published(Instance()))
    platform = resources.enter_context(lms.serving(database, instance, clerk_jwt_key=None))
    assert {status(platform, Authorization=f"Bearer {instance.token()}") for _ in range(20)} == {200}
    assert [asked.path for asked in issuer.asked] == [PATH]


def test_a_cookie_whose_key_is_not_fetched_yet_is_accepted(resources: ExitStack, database: Database) -> None:
    instance, _ = issuing(resources, published(Instance()))
    platform = resources.enter_context(lms.serving(database, instance, clerk_jwt_key=None))
    assert status(platform, Cookie=f"__session_1=garbage; __session={instance.token()}") == 200


def test_tokens_with_unknown_keys_cause_one_fetch(resources: ExitStack, database: Database) -> None:
    instance, issuer = issuing(resources, published(Instance()))
    platform = resources.enter_context(lms.serving(database, instance, clerk_jwt_key=None))
    others = [Instance(instance.issuer, kid=f"ins_{number}", key=1) for number in range(50)]
    assert {status(platform, Authorization=f"Bearer {other.token()}") for other in others} == {401}
    assert len(issuer.asked) == 1


def test_no_url_in_a_token_header_is_requested(resources: ExitStack, database: Database) -> None:
    instance, _ = issuing(resources, published(Instance()))
    attacker = resources.enter_context(serving(published(OTHER_APP)))
    platform = resources.enter_context(lms.serving(database, instance, clerk_jwt_key=None))
    header = {"jku": f"{attacker.url}/keys", "x5u": attacker.url, "kid": f"{attacker.url}/key"}
    token = Instance(attacker.url, key=1).token(header=header)
    assert status(platform, Authorization=f"Bearer {token}") == 401
    assert attacker.asked == []


def test_until_keys_are_fetched_the_response_is_503(resources: ExitStack, database: Database) -> None:
    instance, _ = issuing(resources, Answer(b"unavailable", 503))
    platform = resources.enter_context(lms.serving(database, instance, clerk_jwt_key=None))
    answer = platform.get("/welcome", headers=lms.bearer(instance.token()))
    assert (answer.status_code, answer.json()) == (503, {"error": "Unavailable"})
    assert int(answer.headers["retry-after"]) > 0
    assert status(platform, Authorization="Bearer garbage") == 401
    assert status(platform, "/") == 200


def test_a_slow_first_fetch_does_not_block_other_requests(
    resources: ExitStack, database: Database, engine: Engine
) -> None:
    people.add(engine, ADA)
    hold = threading.Event()
    instance, issuer = issuing(resources, Answer(published(Instance()).body, hold=hold))
    backend = Authentication(lms.settings(database, instance, clerk_jwt_key=None))
    resources.callback(backend.close)

    async def visit() -> tuple[list[int], list[int]]:
        transport = httpx.ASGITransport(lms.application(backend))
        async with httpx.AsyncClient(transport=transport, base_url="http://lms.example.com") as browser:
            headers = lms.bearer(instance.token())
            waiting = [asyncio.create_task(browser.get("/me", headers=headers)) for _ in range(5)]
            while not issuer.asked:
                await asyncio.sleep(0)
            others = [(await browser.get("/")).status_code for _ in range(5)]
            assert not any(task.done() for task in waiting)
            hold.set()
            return others, [(await task).status_code for task in waiting]

    assert asyncio.run(visit()) == ([200] * 5, [200] * 5)
    assert len(issuer.asked) == 1


def test_missing_parties_are_logged_at_start(resources: ExitStack, database: Database) -> None:
    with captured() as logs:
        resources.enter_context(lms.serving(database, Instance(), clerk_authorized_parties=""))
    assert [line["event"] for line in logs] == ["tokens.any_party_allowed"]
