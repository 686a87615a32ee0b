"""The audit trail in the console, and the search of everything."""

import pytest
from sqlalchemy import Engine

from tests import ledger, people
from tests.clerk_sender import Clerk
from tests.console.viewing import Viewer

HOSTILE = "=cmd|' <script>alert(1)</script>\""


@pytest.fixture(scope="module")
def event(engine: Engine, admin: Viewer) -> str:
    """The svix id of an applied event about `user_trail`; an admin gave that user a role afterwards."""
    clerk = Clerk()
    sent = clerk.created("user_trail", email="trail@example.com", first_name="Trail")
    ledger.apply(engine, clerk, sent)
    admin.post("/users/user_trail/roles", {"role": "MENTOR", "until": "open", "reason": HOSTILE})
    return sent.svix_id


def test_lines_show_before_and_after_and_link_every_id(event: str, admin: Viewer) -> None:
    page = admin.get("/audit?user=user_trail").text

    assert f'href="/events/{event}"' in page
    assert 'href="/users/user_trail"' in page
    assert 'href="/audit?cause=req_' in page
    assert "<ins>MENTOR</ins>" in page
    assert "<script>alert" not in page
    assert "No line matches." in admin.get("/audit?user=user_trail&until=2020-01-01T00:00&zone=UTC").text


@pytest.mark.parametrize("since", ["2026-03-29T02:30", "0001-01-01T00:00"])
@pytest.mark.parametrize("path", ["/audit?format=csv&", "/audit?", "/events?"])
def test_a_time_that_cannot_be_is_named_and_exports_nothing(admin: Viewer, path: str, since: str) -> None:
    response = admin.get(f"{path}user=user_trail&since={since}&zone=Europe/Berlin")

    assert "attachment" not in response.headers.get("content-disposition", "")
    assert "does not exist in Europe/Berlin" in response.text or "is too far away" in response.text


def test_an_impossible_number_of_a_difference_is_not_found(admin: Viewer) -> None:
    assert admin.post(f"/drift/{'9' * 30}", {"reason": "For a test.", "do": "preview"}).status_code == 404


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_lines_are_exported_with_the_filters_of_the_page(event: str, admin: Viewer, form: str) -> None:
    response = admin.get(f"/audit?cause={event}&format={form}")

    assert response.headers["content-disposition"] == f'attachment; filename="audit.{form}"'
    assert [line for line in response.text.splitlines() if "user_trail" in line and event in line]
    assert HOSTILE not in response.text


def test_any_id_or_address_leads_where_it_belongs(event: str, admin: Viewer, engine: Engine) -> None:
    people.add(engine, "user_other", email="other@example.com")
    request = ledger.values(engine, "select cause from audit_log where cause like 'req_%%' limit 1")[0]

    def found(text: str) -> str:
        return admin.get(f"/find?q={text}").headers.get("location", "")

    assert found("user_trail") == "/users/user_trail"
    assert found(event) == f"/events/{event}"
    assert found("trail@example.com") == "/users/user_trail"
    assert found(request) == f"/audit?cause={request}"
    assert admin.get("/find?q=nothing%20like%20this").status_code == 404
    assert "&lt;b&gt;" in admin.get("/find?q=%3Cb%3E").text
