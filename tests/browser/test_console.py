"""The console in Chromium, with the real ClerkJS: journeys, accessibility, and what an attacker tries."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route, compile_path

from akako_guard.database.engine import connect
from akako_guard.role import Role
from clerk.user import Deletion
from console.application import build
from console.page import SIGN_IN
from console.routes import PAGES
from db import audit, drift
from db import clerk_instance as db_clerk_instance
from db.drift import Finding
from dev import clerk_instance, one_time_links
from dev import console as local_console
from dev.embedded.servers import Servers
from sync.apply import apply_absences
from sync.deletion_limits import Limit
from tests import people
from tests.api.served import served
from tests.browser.conftest import chromium
from tests.browser.console_stack import HOSTILE, Consoled, ana, consoled, cut_off, sign_in, violations
from tests.clerk_sender import Clerk, event, user
from tests.ledger import apply, keep, values
from tests.served_clerk import ServedClerk, served_clerk
from tests.servers import Database, copy_of

pytestmark = [pytest.mark.browser, pytest.mark.processes]

PICTURES = os.environ.get("AKAKO_PICTURES")
"""A directory for the pictures of docs/how-to/use-the-console.md."""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
"""How far the page scrolls to the right, in pixels."""
SESSION = re.compile("^__session")
"""The cookies that ClerkJS keeps a session token in, one of them with a suffix."""
HELD = """select count(*) from user_roles join users on users.id = user_id where clerk_id = %s and role = 'MENTOR'
    and is_active and reason = %s"""


@pytest.fixture(scope="module")
def clerk() -> Iterator[ServedClerk]:
    with served_clerk() as running:
        yield running


@pytest.fixture(scope="module")
def database(servers: Servers, template: str) -> Iterator[Database]:
    with copy_of(servers, template) as copy:
        yield copy


@pytest.fixture(scope="module")
def engine(database: Database) -> Iterator[Engine]:
    pool = connect(database.app_url, "test", connections=8)
    yield pool
    pool.dispose()


@pytest.fixture(scope="module")
def ids(clerk: ServedClerk, engine: Engine) -> dict[str, str]:
    """Clerk ids by first name: an admin, a learner, a user with many roles, and one with a hostile name."""
    made = {name: clerk.create(first_name=name)[0] for name in ("Grace", "Leo", "Ana", "Mallory")}
    people.add(engine, made["Grace"], Role.ADMIN, first_name="Grace", last_name="Hopper", email="grace@example.org")
    people.add(engine, made["Leo"], first_name="Leo", email="leo@example.org")
    ana(engine, made["Ana"])
    people.add(engine, made["Mallory"], first_name=HOSTILE, last_name='"><script>alert(2)</script>')
    sender = Clerk()
    sent = sender.created("user_delivered", first_name=HOSTILE, email="delivered@example.org")
    apply(engine, sender, sent, sender.updated("user_delivered", updated_at=None))
    people.add(engine, "user_gone")
    apply_absences(engine, [Deletion(clerk_id="user_gone", at=datetime.now(UTC))], "walk_7", Limit(0, 0))
    with engine.begin() as connection:
        audit.set_actor(connection, "operator:tests")
        db_clerk_instance.pin(connection, clerk.id, "development")
        (difference,) = drift.record(
            connection, [Finding(clerk_id=made["Leo"], kind="missed_update", fields=("email",))], None, 60
        ).values()
    assignment = "select max(r.id) from user_roles r join users u on u.id = user_id where clerk_id = %s and role = %s"
    (held,) = values(engine, assignment, made["Ana"], "MENTOR")
    return {**made, "event": sent.svix_id, "difference": str(difference), "assignment": str(held)}


@pytest.fixture(scope="module")
def console(database: Database, servers: Servers, clerk: ServedClerk, ids: dict[str, str]) -> Iterator[Consoled]:
    assert ids
    with consoled(database, servers.redis_url, clerk, build) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def state(browser: Any, console: Consoled) -> Any:
    """The cookies of a browser in which Grace is signed in."""
    context = browser.new_context()
    sign_in(console, console.watch(context.new_page()), "Grace")
    stored = context.storage_state()
    context.close()
    return stored


@pytest.fixture
def page(browser: Any, console: Consoled, state: Any) -> Iterator[Any]:
    """A page on which Grace is signed in; the browser has to report nothing about it."""
    with signed_in(browser, console, state) as opened:
        yield opened


@contextmanager
def signed_in(browser: Any, console: Consoled, state: Any, **options: Any) -> Iterator[Any]:
    """A page on which Grace is signed in, whose session was renewed; the browser has to report nothing about it."""
    context = browser.new_context(storage_state=state, **options)
    console.complaints.clear()
    page = console.watch(context.new_page())
    page.goto(f"{console.url}/")
    page.wait_for_url(f"{console.url}/")
    yield page
    context.close()
    assert console.complaints == []


@pytest.fixture
def anyone(browser: Any, console: Consoled) -> Iterator[Any]:
    """A page of a browser that is signed out; the browser has to report nothing about it."""
    context = browser.new_context()
    console.complaints.clear()
    yield console.watch(context.new_page())
    context.close()
    assert console.complaints == []


def paths(ids: dict[str, str]) -> list[str]:
    """Every page, with something to show."""
    ana, hostile = ids["Ana"], ids["Mallory"]
    return [
        "/",
        "/users",
        f"/users/{ana}",
        f"/users/{hostile}",
        f"/users/{ana}/roles/{ids['assignment']}",
        f"/users/{ana}/explain?role=MENTOR",
        f"/users/{ana}/explain?role=MENTOR&at=2026-06-01T00:00&zone=UTC",
        "/roles/import",
        "/events",
        "/events?status=parked",
        f"/events/{ids['event']}",
        "/events/replay",
        "/events/replay?status=parked",
        "/events/replay?status=parked&did=discard&done=500&left=1&total=900&rest=x&skipped=msg_1",
        f"/events/replay?svix_id={ids['event']}",
        "/parked",
        "/held",
        "/drift",
        "/drift?class=missed_update",
        f"/drift/{ids['difference']}",
        "/audit",
        f"/audit?user={ana}",
        "/find",
        "/find?q=nothing",
        "/nowhere",
    ]


def test_every_page_is_in_the_list_of_accessible_ones(ids: dict[str, str]) -> None:
    listed = [path.partition("?")[0] for path in paths(ids)]
    routes = [path for method, path, _ in PAGES if method == "GET" and path != SIGN_IN]
    assert [each for each in routes if not any(compile_path(each)[0].fullmatch(path) for path in listed)] == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_every_page_is_accessible(
    browser: Any, console: Consoled, state: Any, ids: dict[str, str], scheme: str, width: int
) -> None:
    viewport = {"width": width, "height": 800}
    with signed_in(browser, console, state, color_scheme=scheme, viewport=viewport) as page:
        for path in paths(ids):
            page.goto(console.url + path)
            assert (path, violations(page)) == (path, [])
            assert (path, page.evaluate(SIDEWAYS)) == (path, 0)


def test_no_page_scrolls_sideways_at_200_percent(
    browser: Any, console: Consoled, state: Any, ids: dict[str, str]
) -> None:
    half = {"width": 640, "height": 400}
    with signed_in(browser, console, state, viewport=half, device_scale_factor=2) as page:
        for path in paths(ids):
            page.goto(console.url + path)
            assert (path, page.evaluate(SIDEWAYS)) == (path, 0)


@pytest.mark.parametrize(("width", "scale"), [(640, 2), (390, 1)])
def test_no_part_of_a_page_is_cut_off_at_200_percent_or_on_a_phone(
    browser: Any, console: Consoled, state: Any, ids: dict[str, str], width: int, scale: int
) -> None:
    small = {"width": width, "height": 400}
    with signed_in(browser, console, state, viewport=small, device_scale_factor=scale) as page:
        for path in paths(ids):
            page.goto(console.url + path)
            assert (path, cut_off(page)) == (path, [])


def assert_accessible(page: Any) -> None:
    """What is shown now is accessible, too: light, dark, and on a phone."""
    for scheme, width in (("light", 1280), ("dark", 1280), ("light", 390)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        assert (page.url, scheme, width, violations(page)) == (page.url, scheme, width, [])
        assert (page.url, page.evaluate(SIDEWAYS)) == (page.url, 0)
    page.set_viewport_size({"width": 1280, "height": 800})


@pytest.mark.parametrize(
    ("path", "fields", "button", "answer"),
    [
        ("/users/{Ana}", {}, "Assign", "Show assignment"),
        ("/users/{Ana}/roles/{assignment}", {"Until": "the time beside"}, "Change the end", "Enter the end"),
        ("/roles/import", {"Lines": "who,role\n{Ana},ADMIN\nuser_unknown,MENTOR"}, "Preview", "lines are refused"),
        ("/roles/import", {"Lines": "who,role,from\n{Leo},ADMIN,2030-01-01T00:00:00Z"}, "Preview", "1 to add"),
        ("/events/{event}", {}, "Show it and record that", HOSTILE),
        ("/events/replay?svix_id={event}", {}, "Preview", "Nothing was changed."),
        ("/events/replay?status=applied", {}, "Preview", "Nothing was changed."),
        ("/held", {"All": ""}, "Preview a release", "1 would be released"),
        ("/drift", {}, "Preview", "would be repaired"),
        ("/drift/{difference}", {}, "Preview", "What a repair would change"),
    ],
)
def test_the_answer_to_a_form_is_accessible(
    page: Any, console: Consoled, ids: dict[str, str], path: str, fields: dict[str, str], button: str, answer: str
) -> None:
    page.goto(console.url + path.format(**ids))
    form = page.locator("form", has=page.get_by_role("button", name=button, exact=True, include_hidden=True))
    for closed in page.locator("summary").all():
        closed.click()
    form.get_by_label("Reason").fill("For a test.")
    for label, value in fields.items():
        field = form.get_by_label(label).first
        kind = field.evaluate("(field) => field.type")
        if kind == "select-one":
            field.select_option(value)
        elif kind == "checkbox":
            field.check()
        else:
            field.fill(value.format(**ids))
    form.get_by_role("button", name=button, exact=True).click()
    page.locator("#main", has_text=answer).wait_for()
    assert_accessible(page)


def test_the_pages_of_signing_in_and_out_are_accessible(
    browser: Any, console: Consoled, state: Any, ids: dict[str, str]
) -> None:
    with signed_in(browser, console, state) as page:
        page.goto(f"{console.url}/users/{ids['Leo']}")
        page.get_by_label("Reason").fill("For a test.")
        end_session(page)
        page.route("**/npm/**", lambda route: route.abort())  # without ClerkJS the pages stay as they are
        page.get_by_role("button", name="Assign").click()
        page.get_by_role("heading", name="Your session has expired").wait_for()
        assert_accessible(page)
        page.goto(f"{console.url}/sign-in")
        page.get_by_role("heading", name="Sign in").wait_for()
        assert_accessible(page)
        page.get_by_role("searchbox").wait_for()
        console.complaints.clear()


def test_the_clicks_to_common_answers(page: Any, console: Consoled, ids: dict[str, str], engine: Engine) -> None:
    page.goto(console.url)
    assert page.get_by_role("status").first.inner_text() != ""  # is the sync healthy: no click

    page.get_by_role("link", name="mentors").click()  # who are the mentors: one
    page.get_by_role("link", name="Ana Silva").click()
    page.get_by_role("link", name="Why MENTOR").first.click()  # why is this one a mentor: three
    page.get_by_text("role.assigned").wait_for()

    page.goto(console.url)
    page.get_by_label("Find any id").fill(ids["event"])
    page.keyboard.press("Enter")  # what happened to this delivery: one, by its id
    page.get_by_text("What it changed").wait_for()
    page.goto(console.url)
    page.get_by_role("link", name="Events", exact=True).click()
    page.get_by_role("link", name=ids["event"]).first.click()  # two, by the list
    page.get_by_text("What it changed").wait_for()
    page.get_by_role("rowheader", name="user.created").wait_for()

    made = people.assign(engine, ids["Leo"], Role.MENTOR)
    page.goto(console.url)
    page.get_by_role("link", name="mentors").click()
    page.get_by_role("link", name="Leo").click()
    page.get_by_role("link", name="Revoke MENTOR").click()
    page.get_by_label("Reason").first.fill("Assigned by mistake")
    page.get_by_role("button", name="Revoke MENTOR").click()  # undo a mistaken assignment: four
    page.get_by_text("The assignment was ended.").wait_for()
    assert values(engine, "select end_reason from user_roles where id = %s", made.id) == ["Assigned by mistake"]


FOCUS = """() => {
    const element = document.activeElement, style = getComputedStyle(element), box = element.getBoundingClientRect();
    const at = document.elementFromPoint(box.left + Math.min(box.width, innerWidth) / 2, box.top + box.height / 2);
    return {
        name: element.outerHTML.slice(0, 120),
        isOutlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        isInSight: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        isCovered: at !== null && !element.contains(at) && !at.contains(element),
    };
}"""
"""What a viewer sees of the focus."""
MOST_STOPS = 60


def tab_to(page: Any, target: Any) -> None:
    """Press Tab until the element has the focus, which is visible at each stop before."""
    target.wait_for()
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        seen = page.evaluate(FOCUS)
        assert (seen["isOutlined"], seen["isInSight"], seen["isCovered"]) == (True, True, False), seen
        if target.evaluate("(element) => element === document.activeElement"):
            return
    pytest.fail(f"Tab does not lead to {target}")


def test_the_keyboard_alone_finds_a_user_assigns_and_revokes_a_role_and_explains_it(
    page: Any, console: Consoled, engine: Engine
) -> None:
    people.add(engine, "user_keyboard", first_name="Kay", last_name="Board", email="kay.board@example.org")
    page.goto(console.url)
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS)["isInSight"]
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"

    tab_to(page, page.get_by_label("Find any id"))
    page.keyboard.type("kay.board@example.org")
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Kay Board").wait_for()

    tab_to(page, page.get_by_label("Role", exact=True))
    page.keyboard.type("MENTOR")
    tab_to(page, page.get_by_label("Until", exact=True))
    page.keyboard.type("90")
    tab_to(page, page.get_by_label("Reason"))
    page.keyboard.type("By keyboard")
    tab_to(page, page.get_by_role("button", name="Assign"))
    page.keyboard.press("Space")
    page.get_by_text("The role was assigned.").wait_for()
    assert values(engine, HELD, "user_keyboard", "By keyboard") == [1]

    tab_to(page, page.get_by_role("link", name="Revoke MENTOR"))
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="MENTOR of Kay Board").wait_for()
    tab_to(page, page.get_by_label("Reason").first)
    page.keyboard.type("By mistake")
    tab_to(page, page.get_by_role("button", name="Revoke MENTOR"))
    page.keyboard.press("Enter")
    page.get_by_text("The assignment was ended.").wait_for()
    assert values(engine, HELD, "user_keyboard", "By keyboard") == [0]

    tab_to(page, page.get_by_role("link", name="Why MENTOR"))
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Did Kay Board have MENTOR").wait_for()
    tab_to(page, page.get_by_role("button", name="Explain"))
    assert "role.revoked" in page.locator("#main").inner_text()


def test_the_keyboard_goes_on_in_the_answer_to_a_form(page: Any, console: Consoled, ids: dict[str, str]) -> None:
    page.goto(f"{console.url}/events/{ids['event']}")
    page.get_by_text("Show personal data").focus()
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Reason"))
    page.keyboard.type("To see where the focus is.")
    page.keyboard.press("Enter")
    page.locator("pre", has_text="delivered@example.org").wait_for()
    page.locator("#main:focus").wait_for()
    tab_to(page, page.locator("#main").get_by_role("link", name="Events", exact=True))


def test_a_role_is_assigned_and_an_overlap_leads_to_what_is_in_the_way(
    page: Any, console: Consoled, ids: dict[str, str]
) -> None:
    page.goto(f"{console.url}/users/{ids['Mallory']}")
    page.get_by_label("End (").fill("2099-01-01T08:00")
    assert page.get_by_label("Until", exact=True).input_value() == "time"
    page.get_by_label("Reason").fill(f"Course {HOSTILE}")
    page.get_by_role("button", name="Assign").click()
    page.get_by_text("The role was assigned.").wait_for()
    assert "1 Jan 2099, 08:00:00" in page.get_by_role("table").inner_text()

    page.get_by_label("Reason").fill("Twice")
    page.get_by_role("button", name="Assign").click()
    page.get_by_role("alert").get_by_role("link").click()
    assert "assignment-" in page.url
    assert page.get_by_label("Reason").input_value() == "Twice"


def test_the_last_admin_is_protected(page: Any, console: Consoled, ids: dict[str, str]) -> None:
    page.goto(f"{console.url}/users/{ids['Grace']}")
    page.get_by_text("Last ADMIN: protected").wait_for()
    assert page.get_by_role("link", name="Revoke ADMIN").count() == 0


def test_typed_text_and_focus_survive_results_and_the_address_follows(page: Any, console: Consoled) -> None:
    page.goto(f"{console.url}/users")
    search = page.get_by_label("Name, username or e-mail")
    search.press_sequentially("ana.s", delay=20)
    page.get_by_text("1 user matches.").wait_for()
    search.press_sequentially("ilva", delay=20)
    page.wait_for_url("**/users?q=ana.silva")
    assert page.evaluate("document.activeElement.id") == "q"
    assert search.input_value() == "ana.silva"


def test_a_live_page_pauses_while_it_is_hidden_and_keeps_the_focus(page: Any, console: Consoled) -> None:
    page.clock.install()
    page.goto(console.url)
    page.get_by_role("link", name="mentors").focus()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_response(f"{console.url}/"):
        page.clock.run_for(6_000)
    assert page.evaluate("document.activeElement.textContent") == "mentors"
    page.evaluate("document.activeElement.blur()")
    with page.expect_response(f"{console.url}/") as answered:
        page.clock.run_for(6_000)
    answered.value.finished()
    page.clock.run_for(1_000)
    assert page.evaluate("document.activeElement === document.body")
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true, configurable: true })")
    page.wait_for_load_state("networkidle")
    asked.clear()
    page.clock.run_for(30_000)
    assert [url for url in asked if url.startswith(console.url)] == []


def test_times_are_switched_to_the_zone_of_the_browser(browser: Any, console: Consoled, state: Any) -> None:
    with signed_in(browser, console, state, timezone_id="Asia/Tokyo") as page:
        page.reload()
        page.get_by_role("button", name="Show Asia/Tokyo").click()
        page.get_by_text("Times: Asia/Tokyo").wait_for()
        page.get_by_role("button", name="Show UTC").click()
        page.get_by_text("Times: UTC").wait_for()


def test_an_expired_session_is_renewed_and_leads_back(page: Any, console: Consoled) -> None:
    page.goto(console.url)
    page.context.clear_cookies(name=SESSION)
    started = time.monotonic()
    page.goto(f"{console.url}/users?role=ADMIN")
    page.wait_for_url("**/users?role=ADMIN")
    page.get_by_role("heading", name="Users").wait_for()
    assert time.monotonic() - started < 10


def test_a_form_of_an_expired_session_is_offered_again(
    page: Any, console: Consoled, ids: dict[str, str], engine: Engine
) -> None:
    page.goto(f"{console.url}/users/{ids['Leo']}")
    page.get_by_label("Reason").fill("Kept & <b>safe</b>")
    end_session(page)
    page.get_by_role("button", name="Assign").click()
    page.get_by_role("heading", name="Your session has expired").wait_for()
    assert values(engine, HELD, ids["Leo"], "Kept & <b>safe</b>") == [0]
    page.get_by_text("Your session was renewed").wait_for()
    page.get_by_role("button", name="Send the form again").click()
    page.get_by_text("The role was assigned.").wait_for()
    assert values(engine, HELD, ids["Leo"], "Kept & <b>safe</b>") == [1]


def test_signing_out_ends_the_session_at_clerk(anyone: Any, console: Consoled) -> None:
    sign_in(console, anyone, "Grace")
    anyone.get_by_role("button", name="Sign out").click()
    anyone.get_by_text("You are signed out").wait_for()
    anyone.wait_for_load_state("networkidle")
    anyone.goto(f"{console.url}/users")
    anyone.get_by_role("button", name="Sign in as Grace").wait_for()


def test_a_learner_is_refused(anyone: Any, console: Consoled, engine: Engine, ids: dict[str, str]) -> None:
    anyone.goto(f"{console.url}/")
    anyone.get_by_role("button", name="Sign in as Leo").click()
    anyone.get_by_text("does not hold the role ADMIN").wait_for()
    assert violations(anyone) == []
    assert ids["Leo"] in values(engine, "select clerk_user_id from audit_log where action = 'access.refused'")


def test_a_page_of_another_site_changes_nothing(
    page: Any, console: Consoled, ids: dict[str, str], engine: Engine
) -> None:
    page.goto(console.url)
    form = f"""<form method=post action="{console.url}/users/{ids["Ana"]}/roles">
        <input name=role value=ADMIN><input name=until value=open><input name=reason value=forged><button>Go</button>
        </form>"""
    # Another port of `localhost` is same-site, so that the browser sends the cookie along.
    with served(Starlette(routes=[Route("/", lambda _: HTMLResponse(form))])) as evil:
        console.watch(page)
        page.goto(evil.replace("127.0.0.1", "localhost"))
        page.get_by_role("button").click()
        page.get_by_text("not sent from a page of the console").wait_for()
    assert values(engine, "select count(*) from audit_log where reason = 'forged'") == [0]
    console.complaints.clear()


def test_a_page_of_another_site_frames_nothing(page: Any, console: Consoled) -> None:
    with served(
        Starlette(routes=[Route("/", lambda _: HTMLResponse(f'<iframe src="{console.url}/"></iframe>'))])
    ) as evil:
        page.goto(evil.replace("127.0.0.1", "localhost"))
        page.wait_for_load_state("networkidle")
        assert all("Akako" not in frame.content() for frame in page.frames[1:])
    console.complaints.clear()


def test_a_replay_makes_exactly_what_its_preview_shows(page: Any, console: Consoled, engine: Engine) -> None:
    sender = Clerk()
    data = user("user_previewed", email="previewed@example.org")
    # Of the instance that `ids` pinned: events of another one are left out.
    (svix_id,) = keep(engine, sender, sender.send(event("user.created", data, instance_id=console.clerk.id)))
    page.goto(f"{console.url}/events/{svix_id}")
    page.get_by_role("link", name="Preview a replay").click()
    page.get_by_label("Reason").fill("The cause is fixed.")
    page.get_by_role("button", name="Preview").click()
    page.get_by_text("1 would be applied").wait_for()
    page.get_by_text("lines would be added").click()
    shown = page.locator("#preview details tbody th").all_inner_texts()
    assert violations(page) == []
    page.get_by_role("button", name="Replay").click()
    page.get_by_text("The event was replayed.").wait_for()
    page.reload()
    page.get_by_text("The event was replayed.").wait_for()
    page.goto(f"{console.url}/audit?cause={svix_id}")
    made = page.locator("#found tbody th").all_inner_texts()
    assert sorted(made) == sorted(shown)
    assert {"user.created", "role.assigned"} <= set(made)


def test_a_decision_that_is_refused_says_why_and_stays_as_it_was_entered(page: Any, console: Consoled) -> None:
    page.goto(f"{console.url}/held")
    page.get_by_role("textbox", name="Reason").fill("Without a selection.")
    page.get_by_role("button", name="Reject: keep the users").click()
    page.get_by_role("alert").get_by_text("Select deletions, or all of them").wait_for()
    assert page.get_by_role("textbox", name="Reason").input_value() == "Without a selection."
    assert page.url == f"{console.url}/held"


TWO_CLICKS = "(button) => setTimeout(() => { button.click(); setTimeout(() => button.click()); })"
REPLAYED = "select count(*) from audit_log where action = 'event.replayed' and cause = any(%s)"


@pytest.mark.parametrize(("name", "selection"), [("user_twice", "svix_id={0}"), ("user_twice_all", "user={1}")])
def test_a_double_click_decides_once(page: Any, console: Consoled, engine: Engine, name: str, selection: str) -> None:
    sender = Clerk()
    data = user(name, email=f"{name}@example.org")
    (svix_id,) = keep(engine, sender, sender.send(event("user.created", data, instance_id=console.clerk.id)))
    page.goto(f"{console.url}/events/replay?{selection.format(svix_id, name)}")
    page.get_by_label("Reason").fill("With two clicks.")
    requests: list[Any] = []
    page.on("request", lambda request: requests.append(request))
    page.get_by_role("button", name="Replay").evaluate(TWO_CLICKS)
    page.get_by_text("The event was replayed.").or_(page.get_by_role("heading", name="Finished")).wait_for()
    page.wait_for_load_state("networkidle")
    assert page.get_by_text("The event was replayed.").or_(page.get_by_role("heading", name="Finished")).is_visible()
    posts = [each.url for each in requests if each.method == "POST" and each.url.startswith(console.url)]
    assert posts == [f"{console.url}/events/replay"]
    assert values(engine, REPLAYED, [svix_id]) == [1]


def test_a_double_click_assigns_once(page: Any, console: Consoled, engine: Engine) -> None:
    people.add(engine, "user_double")
    page.goto(f"{console.url}/users/user_double")
    page.get_by_label("Reason").fill("With two clicks.")
    page.get_by_role("button", name="Assign").dblclick()
    page.get_by_text("The role was assigned.").wait_for()
    page.go_back()
    page.get_by_label("Reason").fill("After going back.")
    page.get_by_role("button", name="Assign").click()
    page.get_by_role("alert").get_by_role("link", name="Show assignment").wait_for()
    assert values(engine, HELD, "user_double", "With two clicks.") == [1]


def test_ten_thousand_parked_events_are_handled_by_one_decision(page: Any, console: Consoled, engine: Engine) -> None:
    sender = Clerk()
    for start in range(0, 10_000, 1_000):
        keep(
            engine,
            sender,
            *(sender.updated(f"user_p{number}", updated_at=None) for number in range(start, start + 1_000)),
        )
    page.goto(f"{console.url}/parked")
    page.get_by_role("link", name="Decide about all").click()
    page.get_by_label("Reason").fill("Sent by a load test.")
    page.get_by_role("button", name="Discard").click()
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("heading", name="Finished").wait_for(timeout=120_000)
    parked, reasons = (
        values(engine, "select count(*) from webhook_events where status = 'parked'"),
        values(engine, "select distinct reason from audit_log where action = 'event.discarded'"),
    )
    assert (parked, reasons) == ([0], ["Sent by a load test."])


def end_session(page: Any) -> None:
    """End the session of a page that is shown. ClerkJS would set the cookie again before the next request."""
    page.evaluate("Object.defineProperty(document, 'cookie', { get: () => '', set: () => undefined })")
    page.context.clear_cookies(name=SESSION)


def sign_in_elsewhere(page: Any, console: Consoled) -> None:
    """Follow the link to the sign-in page, which opens in another tab."""
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in in another tab").click()
    opened.value.wait_for_url(f"{console.url}/")
    opened.value.close()


@pytest.fixture
def slices(page: Any, console: Consoled, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A decision about six events, two at a time, whose second slice was sent but did not reach the console yet."""
    monkeypatch.setattr("console.pages.replay.SLICE", 2)
    sender, held = Clerk(), []
    keep(engine, sender, *(sender.updated("user_sliced", updated_at=None) for _ in range(6)))

    def is_second(request: Any) -> bool:
        return "cursor=" in (request.post_data or "")

    page.goto(f"{console.url}/events/replay?status=parked&user=user_sliced")
    page.get_by_label("Reason").fill(f"Goes on & on, {time.time_ns()}")
    page.route("**/events/replay", lambda route: held.append(route) if is_second(route.request) else route.continue_())
    with page.expect_request(is_second):
        page.get_by_role("button", name="Discard").click()
    while not held:
        page.evaluate("null")  # lets Playwright call the handler
    return held


def go_on(page: Any, engine: Engine) -> None:
    """Select "Go on", and compare what became of all six events."""
    page.get_by_text("2 discarded, 0 left out of 6.").wait_for()
    page.unroute("**/events/replay")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("heading", name="Finished").wait_for()
    page.get_by_text("6 discarded, 0 left out.").wait_for()
    assert page.locator("#status").is_hidden()
    newest = "select reason from audit_log where action = 'event.discarded' order by id desc limit 7"
    reasons = values(engine, newest)
    assert "Goes on & on" in reasons[0]
    assert (len(set(reasons[:6])), reasons.count(reasons[0])) == (1, 6)


def test_a_decision_goes_on_after_the_session_expired_in_the_middle(
    page: Any, console: Consoled, engine: Engine, slices: list[Any]
) -> None:
    end_session(page)
    slices[0].continue_()
    page.get_by_text("Your session has expired. Nothing was lost").wait_for()
    sign_in_elsewhere(page, console)
    go_on(page, engine)


def test_a_decision_goes_on_after_the_console_did_not_answer(
    page: Any, console: Consoled, engine: Engine, slices: list[Any]
) -> None:
    slices[0].abort()
    page.get_by_text("the console does not answer").wait_for()
    go_on(page, engine)
    assert all("ERR_FAILED" in each or "htmx" in each for each in console.complaints)
    console.complaints.clear()


def test_typed_text_stays_when_the_session_expires(page: Any, console: Consoled) -> None:
    page.goto(f"{console.url}/users")
    search = page.get_by_label("Name, username or e-mail")
    end_session(page)
    search.press_sequentially("ana.s")
    sign_in_elsewhere(page, console)
    assert search.input_value() == "ana.s"
    search.press("End")
    search.press_sequentially("ilva")
    page.get_by_text("1 user matches.").wait_for()
    assert page.get_by_role("link", name="Sign in in another tab").count() == 0


def test_the_one_time_link_signs_in_without_scripts(
    browser: Any, database: Database, servers: Servers, clerk: ServedClerk, ids: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / clerk_instance.KEY).write_text(clerk.instance.signer.private_pem)
    with consoled(
        database, servers.redis_url, clerk, lambda settings: local_console.application(settings, tmp_path)
    ) as console:
        context = browser.new_context(java_script_enabled=False)
        page = console.watch(context.new_page())
        link = f"{console.url}{one_time_links.PATH}?key={one_time_links.create(tmp_path)}"
        scripted = browser.new_context()
        looking = console.watch(scripted.new_page())
        looking.goto(link)  # does not use it
        assert_accessible(looking)
        scripted.close()
        page.goto(link)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_text("Who are the").wait_for()
        page.goto(f"{console.url}/users")
        page.get_by_label("Name, username or e-mail").fill("ana.silva")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="Ana Silva").click()
        page.get_by_label("Role", exact=True).select_option("LEARNER")
        page.get_by_label("Reason").fill("Without scripts")
        page.get_by_role("button", name="Assign").click()
        page.get_by_role("alert").get_by_role("link").wait_for()
        again = browser.new_context(java_script_enabled=False).new_page()
        again.goto(link)
        again.get_by_role("button", name="Sign in", exact=True).click()
        again.get_by_text("This link was used already").wait_for()
        again.context.close()
        page.get_by_role("button", name="Sign out").click()
        page.goto(f"{console.url}/users")
        assert "/sign-in?next=" in page.url
        context.close()
        assert console.complaints == []


def test_pictures_for_the_documentation(
    browser: Any, console: Consoled, state: Any, ids: dict[str, str], tmp_path: Path
) -> None:
    directory = Path(PICTURES) if PICTURES else tmp_path
    shown = {
        "health": "/",
        "user": f"/users/{ids['Ana']}",
        "explain": f"/users/{ids['Ana']}/explain?role=MENTOR",
    }
    with signed_in(browser, console, state, viewport={"width": 1100, "height": 720}) as page:
        for name, path in shown.items():
            page.goto(console.url + path)
            page.screenshot(path=directory / f"{name}.png")
    for name in shown:
        assert (directory / f"{name}.png").stat().st_size < 150_000
