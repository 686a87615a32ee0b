"""Admins search users, see their roles in time, and assign, end, revoke, import and explain roles."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from tests import people
from tests.console.viewing import Viewer
from tests.ledger import values

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def text(html: str) -> str:
    """The text of a page, without tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def as_of(html: str) -> str:
    """When the page was loaded, as its form sends it."""
    found = re.search(r'<input type="hidden" name="as_of" value="([^"]*)">', html)
    return found[1] if found else ""


def test_search_filters_by_text_role_and_status(engine: Engine, admin: Viewer) -> None:
    people.add(engine, "user_search_ada", Role.MENTOR, first_name="Adalind", email="adalind@example.com")
    people.add(engine, "user_search_bob", first_name="Bobolink", banned=True)
    assert "user_search_ada" in admin.get("/users?q=adal&role=MENTOR&status=active").text
    assert "No user matches" in admin.get("/users?q=adal&status=banned").text
    assert "user_search_bob" in admin.get("/users?q=bobo&role=&status=banned").text


def test_a_user_is_described_and_drawn_with_past_and_coming_roles(engine: Engine, admin: Viewer) -> None:
    start = datetime.now(UTC) + timedelta(days=30)
    people.add(engine, "user_drawn", first_name="Ana", last_name="Silva")
    people.assign(engine, "user_drawn", Role.MENTOR, start=start, end=start + timedelta(days=10))
    ended = people.assign(engine, "user_drawn", Role.ADMIN)
    people.revoke(engine, "user_drawn", ended)
    page = admin.get("/users/user_drawn").text
    assert "Holds LEARNER now. MENTOR begins on" in text(page).replace(" now .", " now.").replace(
        "LEARNER  ", "LEARNER "
    )
    assert [kind in page for kind in ('class="learner held"', 'class="mentor to-come"', 'class="admin past"')] == [
        True
    ] * 3


def test_hostile_names_are_text(engine: Engine, admin: Viewer) -> None:
    people.add(engine, "user_hostile", first_name=HOSTILE, username=HOSTILE, email="h@example.com")
    for path in ("/users?q=%3Cscript", "/users/user_hostile", "/users/user_hostile/explain?role=LEARNER"):
        page = admin.get(path).text
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_a_role_is_assigned_for_thirty_days_and_an_overlap_names_what_is_in_the_way(
    engine: Engine, admin: Viewer
) -> None:
    people.add(engine, "user_assigned", first_name="Ada")
    fields = {"role": "MENTOR", "until": "30", "reason": "Spring cohort", "zone": "UTC"}

    made = admin.post("/users/user_assigned/roles", fields)
    again = admin.post("/users/user_assigned/roles", fields | {"reason": "Once more"})

    (held,) = values(
        engine,
        "select effective_end_date - effective_start_date from user_roles where reason = 'Spring cohort'",
    )
    assert abs(held - timedelta(days=30)) < timedelta(seconds=5)
    assert made.status_code == 303
    assert re.fullmatch(r"/users/user_assigned\?done=assigned#assignment-\d+", made.headers["location"])
    assert again.status_code == 409
    id_ = made.headers["location"].rpartition("-")[2]
    assert f'<a href="#assignment-{id_}">Show assignment {id_}</a>' in again.text
    assert 'value="Once more"' in again.text
    assert values(engine, "select actor from audit_log where reason = 'Spring cohort'") == ["user_admin"]


def test_a_chosen_end_is_read_in_the_zone_of_the_form(engine: Engine, admin: Viewer) -> None:
    people.add(engine, "user_zoned")
    late = {"role": "MENTOR", "start": "9999-06-01T08:00", "until": "365", "reason": "Late", "zone": "UTC"}
    assert admin.post("/users/user_zoned/roles", late).status_code == 422
    assert admin.post("/users/user_zoned/roles", late | {"until": "00309"}).status_code == 422
    fields = {"role": "MENTOR", "until": "time", "end": "2030-07-01T08:00", "reason": "Zone", "zone": "Europe/Lisbon"}
    assert admin.post("/users/user_zoned/roles", fields).status_code == 303
    (end,) = values(engine, "select effective_end_date from user_roles where reason = 'Zone'")
    assert end == datetime(2030, 7, 1, 7, tzinfo=UTC)
    twice = admin.post("/users/user_zoned/roles", fields | {"role": "ADMIN", "end": "2030-10-27T01:30"})
    assert (twice.status_code, "happens twice in Europe/Lisbon" in twice.text) == (422, True)
    never = admin.post("/users/user_zoned/roles", fields | {"role": "ADMIN", "end": "2030-03-31T01:30"})
    assert (never.status_code, "does not exist in Europe/Lisbon" in never.text) == (422, True)


def test_an_end_is_changed_and_a_role_is_revoked(engine: Engine, admin: Viewer) -> None:
    people.add(engine, "user_ended")
    made = people.assign(engine, "user_ended", Role.MENTOR)
    path = f"/users/user_ended/roles/{made.id}"
    shown = admin.get(path).text
    assert "Revoke now" in shown
    ended = admin.post(f"{path}/end", {"until": "7", "reason": "Shorter", "zone": "UTC", "as_of": as_of(shown)})
    refused = admin.post(f"{path}/revoke", {"reason": ""})
    revoked = admin.post(f"{path}/revoke", {"reason": "A mistake"})
    over = admin.post(f"{path}/revoke", {"reason": "Again"})
    assert [each.status_code for each in (ended, refused, revoked, over)] == [303, 422, 303, 409]
    assert "give a reason" in refused.text
    assert values(engine, "select reason from audit_log where user_role_id = %s order by id", made.id) == [
        "For a test.",
        "Shorter",
        "A mistake",
    ]
    assert admin.get("/users/user_ended/roles/999999").status_code == 404


def test_a_repeated_change_of_an_end_by_a_preset_gives_the_same_end(engine: Engine, admin: Viewer) -> None:
    people.add(engine, "user_repeated")
    made = people.assign(engine, "user_repeated", Role.MENTOR)
    path = f"/users/user_repeated/roles/{made.id}"
    fields = {"until": "30", "reason": "Longer", "zone": "UTC", "as_of": as_of(admin.get(path).text)}
    end = "select effective_end_date from user_roles where id = %s"

    answers = [admin.post(f"{path}/end", fields)]
    first = values(engine, end, made.id)
    answers.append(admin.post(f"{path}/end", fields))

    assert [each.status_code for each in answers] == [303, 303]
    assert values(engine, end, made.id) == first
    assert first[0] - datetime.fromisoformat(fields["as_of"]) == timedelta(days=30)
    assert values(engine, "select reason from audit_log where user_role_id = %s order by id", made.id) == [
        "For a test.",
        "Longer",
    ]


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("", "does not say when it was loaded"),
        ("yesterday", "does not say when it was loaded"),
        ("2026-11-28T08:00:00", "does not say when it was loaded"),
        ("0001-01-01T00:00:00+14:00", "does not say when it was loaded"),
        ("2001-01-01T00:00:00Z", "loaded more than a day ago"),
        ("2999-01-01T00:00:00Z", "loaded in the future"),
    ],
)
def test_a_preset_counts_only_from_a_page_of_today(engine: Engine, admin: Viewer, base: str, message: str) -> None:
    user = f"user_base_{len(base)}_{len(message)}_{base[:4]}"
    people.add(engine, user)
    made = people.assign(engine, user, Role.MENTOR)
    path = f"/users/{user}/roles/{made.id}"

    refused = admin.post(f"{path}/end", {"until": "30", "reason": "Longer", "zone": "UTC", "as_of": base})

    assert (refused.status_code, message in text(refused.text)) == (422, True)
    assert values(engine, "select effective_end_date from user_roles where id = %s", made.id) == [None]
    again = {"until": "30", "reason": "Longer", "zone": "UTC", "as_of": as_of(refused.text)}
    assert admin.post(f"{path}/end", again).status_code == 303


def test_the_last_admin_is_protected_visibly_and_by_the_api(engine: Engine, admin: Viewer) -> None:
    (id_,) = values(
        engine,
        "select r.id from user_roles r join users u on u.id = user_id where clerk_id = 'user_admin' and role = 'ADMIN'",
    )
    page = admin.get("/users/user_admin").text
    assert "Last ADMIN: protected" in page
    assert "Protected: Grace Hopper is the only ADMIN" in admin.get(f"/users/user_admin/roles/{id_}").text
    refused = admin.post(f"/users/user_admin/roles/{id_}/revoke", {"reason": "Away"})
    assert (refused.status_code, "without any ADMIN" in refused.text) == (409, True)


def test_an_explanation_answers_now_and_about_another_time(engine: Engine, admin: Viewer) -> None:
    people.add(engine, "user_explained")
    made = people.assign(engine, "user_explained", Role.MENTOR)
    now = admin.get("/users/user_explained/explain?role=MENTOR").text
    assert "role.assigned" in now
    assert "operator:tests: For a test." in now
    assert f"#assignment-{made.id}" in now
    past = admin.get("/users/user_explained/explain?role=MENTOR&at=2026-01-01T00:00&zone=UTC").text
    assert "What was so then" in past
    assert "What is known now" in past
    wrong = admin.get("/users/user_explained/explain?role=MENTOR&at=yesterday&zone=UTC")
    assert (wrong.status_code, "Enter a date and a time" in wrong.text) == (422, True)


def test_roles_are_imported_after_a_preview(engine: Engine, admin: Viewer) -> None:
    people.add(engine, "user_imported")
    fields = {"content": "who,role\r\nuser_imported,MENTOR\r\n", "reason": "Moved", "format": "csv", "who": "clerk-id"}
    held = "select role from user_roles join users on users.id = user_id where clerk_id = 'user_imported' order by role"
    preview = admin.post("/roles/import", fields)
    assert (preview.status_code, values(engine, held)) == (200, ["LEARNER"])
    assert "Import 1 line" in preview.text
    done = admin.post("/roles/import", fields | {"action": "import"})
    assert done.status_code == 303
    shown = admin.get(done.headers["location"]).text
    assert "1 added, 0 held already" in shown
    (cause,) = values(engine, "select cause from audit_log where reason = 'Moved'")
    assert f'href="/audit?cause={quote(cause)}"' in shown
    assert values(engine, held) == ["LEARNER", "MENTOR"]


def test_times_are_shown_in_the_zone_of_the_viewer_and_named(engine: Engine, admin: Viewer) -> None:
    people.add(engine, "user_timed", created_at=datetime(2026, 7, 1, 23, 30, tzinfo=UTC))
    cookie = f"{admin.headers['Cookie']}; akako_zone=Asia/Tokyo"
    page = admin.get("/users/user_timed", Cookie=cookie).text
    assert "2 Jul 2026, 08:30:00 Asia/Tokyo" in page
    assert 'title="1 Jul 2026, 23:30:00 UTC"' in page
    assert "Times: Asia/Tokyo" in page
    switched = admin.post("/zone", {"zone": "nowhere", "next": "//evil.example.com"})
    assert (switched.headers["location"], "akako_zone=UTC" in switched.headers["set-cookie"]) == ("/", True)
