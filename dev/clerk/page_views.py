"""What the page shows: users, deliveries, faults; pure."""

import json
from datetime import UTC, datetime

from dev.clerk.faults import KINDS, Fault
from dev.clerk.html import Child, Html, document, element, field, form, table
from dev.clerk.instance import Instance
from dev.clerk.message import Message
from dev.clerk.user import User
from dev.clerk.user_search import sort

MOST_USERS = 200
MOST_DELIVERIES = 30
CSS = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 1rem auto; padding: 0 1rem }
:root { color-scheme: light dark }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid #8886; vertical-align: top }
form { display: inline-flex; flex-wrap: wrap; gap: .5rem; align-items: end; margin: .25rem .5rem .25rem 0 }
label { display: inline-flex; flex-direction: column }
input, select, textarea, button { font: inherit }
textarea { width: 40rem; max-width: 100%; height: 8rem }
pre { white-space: pre-wrap; overflow-wrap: anywhere }
.error { border-left: 4px solid #c00; padding-left: .5rem }
"""

SIGN_IN_SCRIPT = """
// ClerkJS passes the address to return to behind the #.
const given = new URLSearchParams(location.hash.replace(/^#\\/?\\??/, ""));
const back = given.get("sign_in_force_redirect_url") ?? given.get("redirect_url");
if (back) for (const field of document.querySelectorAll("[name=redirect_url]")) field.value = back;
"""


def overview(instance: Instance, error: str | None = None) -> str:
    """The first page."""
    state = instance.state
    return document(
        "Clerk for development",
        element("h1", "Clerk for development"),
        _error(error),
        element("p", f"Instance {state.instance_id} ({state.environment}). ", _endpoint(instance)),
        element("h2", f"Users ({len(state.users)})"),
        _users(list(state.users.values())),
        element("h3", "Create a user"),
        _creation(),
        element("h2", f"Deliveries ({len(state.messages)})"),
        _deliveries(list(reversed(state.messages.values()))[:MOST_DELIVERIES], instance.sender.clock.now()),
        form("/advance", field("seconds", "Let time pass for the schedule (seconds)", "300"), button="Advance"),
        form("/deliveries/recover", button="Deliver again what was not delivered"),
        element("h2", "Faults"),
        _faults(instance.faults.all()),
        _fault_form(),
    )


def sign_in_page(instance: Instance, back: str) -> str:
    """All users, each with a button that signs in and leads to `back`."""
    rows = [
        (_name(user), user.primary_email or "", user.id, _sign_in_form(user, back))
        for user in list(instance.state.users.values())[:MOST_USERS]
    ]
    return document(
        "Sign in - Clerk for development",
        element("h1", "Sign in"),
        element("p", "Choose the user to sign in as. The development Clerk asks for no password."),
        table(("Name", "E-mail address", "Id", ""), rows),
        element("p", element("a", "Create a user", href="/")),
        element("script", src="/sign-in.js"),
    )


def _sign_in_form(user: User, back: str) -> Html:
    hidden = element("input", type="hidden", name="redirect_url", value=back)
    return form(f"/users/{user.id}/sign-in", hidden, button=f"Sign in as {_name(user)}")


def user_page(user: User, *, token: str | None = None, error: str | None = None) -> str:
    """The page of one user."""
    path = f"/users/{user.id}"
    metadata = json.dumps(user.public_metadata, ensure_ascii=False, indent=1)
    return document(
        f"{_name(user)} - Clerk for development",
        element("p", element("a", "All users", href="/")),
        element("h1", _name(user)),
        _error(error),
        _token(token),
        form(
            path,
            field("first_name", "First name", user.first_name),
            field("last_name", "Last name", user.last_name),
            field("username", "Username", user.username),
            field("email_address", "E-mail address", user.primary_email),
            element("label", "Public metadata (JSON)", element("textarea", metadata, name="public_metadata")),
            button="Save",
        ),
        element("p", form(f"{path}/sign-in", button="Sign in as this user"), _ban_button(user)),
        element("p", form(f"{path}/delete", button="Delete")),
        element("pre", json.dumps(user.as_json, ensure_ascii=False, indent=2)),
    )


def _error(error: str | None) -> Child:
    return error and element("p", error, class_="error", role="alert")


def _token(token: str | None) -> Child:
    if token is None:
        return None
    return [
        element("p", "Signed in, in this browser too. The session token of the next minute:"),
        element("pre", token),
    ]


def _ban_button(user: User) -> Html:
    action = "unban" if user.banned else "ban"
    return form(f"/users/{user.id}/{action}", button=action.capitalize())


def _endpoint(instance: Instance) -> str:
    endpoint = instance.state.endpoint
    if not endpoint.url:
        return "No deliveries are sent: there is no endpoint."
    return f"Deliveries go to {endpoint.url}{' (disabled)' if endpoint.disabled else ''}."


def _name(user: User) -> str:
    whole = " ".join(filter(None, (user.first_name, user.last_name)))
    return whole or user.username or user.primary_email or user.id


def _users(users: list[User]) -> Html:
    shown = sort(users, "-created_at")[:MOST_USERS]
    return table(
        ("User", "E-mail address", "Id", "Banned", "Updated (UTC)"),
        (
            (
                element("a", _name(user), href=f"/users/{user.id}"),
                user.primary_email,
                user.id,
                "banned" if user.banned else "",
                _time(user.updated_at),
            )
            for user in shown
        ),
    )


def _creation() -> Html:
    return form(
        "/users",
        field("email_address", "E-mail address", type="email"),
        field("first_name", "First name"),
        field("last_name", "Last name"),
        field("username", "Username"),
        field("password", "Password", type="password", autocomplete="new-password"),
        button="Create",
    )


def _deliveries(messages: list[Message], now: float) -> Html:
    return table(
        ("Event", "User", "Id", "Status", "Attempts", ""),
        (
            (
                each.type,
                each.user_id,
                each.id,
                each.status if each.due is None else f"{each.status}, due in {max(0, round(each.due - now))} s",
                ", ".join(str(attempt.status or attempt.error) for attempt in each.attempts),
                form(f"/deliveries/{each.id}/redeliver", button="Deliver again"),
            )
            for each in messages
        ),
    )


def _faults(faults: list[Fault]) -> Child:
    rows = ((each.kind, "until cleared" if each.times is None else each.times, each.path) for each in faults)
    return [table(("Fault", "Times", "Path"), rows), form("/faults/clear", button="Clear all") if faults else None]


def _fault_form() -> Html:
    options = [element("option", f"{kind}: {text}", value=kind) for kind, text in KINDS.items()]
    return form(
        "/faults",
        element("label", "Fault", element("select", options, name="kind")),
        field("times", "Times (0: until cleared)", "1"),
        field("seconds", "Seconds"),
        button="Set",
    )


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1_000, UTC).isoformat(" ", "seconds").removesuffix("+00:00")
