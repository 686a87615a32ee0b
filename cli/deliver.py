"""`akako deliver`: sign and send an event, where others need a tunnel and Clerk's dashboard."""

import json
import sys
from pathlib import Path

import click
import httpx
from pydantic import TypeAdapter, ValidationError

from config.formats import SigningSecrets, split_secrets
from dev import delivery, sample_events
from dev.delivery import ReceiverResponse, SignedRequest
from dev.terminal import escape

NEXT = {
    400: "Is this the webhook's address? The receiver's log line `delivery.refused` has the reason.",
    401: "Is the secret the receiver's CLERK_WEBHOOK_SIGNING_SECRET, and do both clocks agree within 5 minutes?",
    404: "The receiver answers there, but not at this path: end the URL with /webhooks/clerk.",
    405: "The receiver takes deliveries at /webhooks/clerk only.",
    413: "The body is larger than the receiver's MAX_BODY_BYTES.",
    503: "The receiver cannot reach PostgreSQL in time; its log says why. Svix would come again, so may you.",
}


@click.command(
    epilog="""\b
    Examples:
      akako deliver user.created                       a new person each time
      akako deliver user.updated --user user_3Ab...    the same person again
      akako deliver user.created --set data.first_name=Ada --id msg_1
      akako deliver captured.json --as-is              a file, byte for byte
      akako deliver user.created --forge               to be refused
      akako deliver --list
    """
)
@click.argument("event", required=False)
@click.option("--list", "listing", is_flag=True, help="Print the names of the samples.")
@click.option("--url", default="http://127.0.0.1:8000/webhooks/clerk", show_default=True, help="The receiver.")
@click.option(
    "--secret",
    envvar="CLERK_WEBHOOK_SIGNING_SECRET",
    show_envvar=True,
    help="Signs the delivery: whsec_...; of several, separated by commas, the first.",
)
@click.option(
    "--id", "svix_id", help="The delivery's svix-id; give one twice to repeat a delivery. [default: a new one]"
)
@click.option(
    "--user", "user_id", help="The Clerk id of the user that a freshened event is about. [default: a new one]"
)
@click.option("--at", type=float, help="The svix-timestamp to sign, in seconds since 1970. [default: now]")
@click.option("--set", "changes", multiple=True, metavar="PATH=VALUE", help="Change a value, as data.first_name=Ada.")
@click.option(
    "--fresh/--as-is",
    default=None,
    help="Whether ids, e-mail addresses and times are made new, or all stays as it is written. "
    "[default: samples are made fresh, files stay as they are]",
)
@click.option("--forge", is_flag=True, help="Spoil the signature.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def deliver(
    event: str | None,
    listing: bool,
    url: str,
    secret: str | None,
    svix_id: str | None,
    user_id: str | None,
    at: float | None,
    changes: tuple[str, ...],
    fresh: bool | None,
    forge: bool,
    as_json: bool,
) -> None:
    """Sign an event as Svix does and send it to a receiver.

    EVENT is the name of a sample (see --list), a JSON file, or - for standard input.
    """
    if listing:
        click.echo("\n".join(sample_events.names()))
        return
    if event is None:
        raise click.UsageError(
            "Name a sample, a file, or - for standard input. `akako deliver --list` has the samples."
        )
    body = _body(event, fresh, user_id, changes)
    sealed = _seal(secret, svix_id or sample_events.new_id("msg"), body, at, forge)
    answer = _send(sealed, url)
    click.echo(escape(_as_json(sealed, url, answer) if as_json else _as_text(sealed, answer)))
    if not answer.accepted:
        advice = "Svix follows no redirect." if 300 <= answer.status < 400 else "The receiver's log says more."
        raise click.ClickException(f"not accepted. {NEXT.get(answer.status, advice)}")


def _body(name: str, fresh: bool | None, user_id: str | None, changes: tuple[str, ...]) -> bytes:
    """The bytes to send; those of a file are not touched unless something is to change."""
    is_sample = name in sample_events.names()
    raw = sample_events.body(sample_events.load(name)) if is_sample else _read(name)
    wants_fresh = (is_sample or user_id is not None) if fresh is None else fresh
    if not (wants_fresh or changes):
        return raw
    try:
        event = json.loads(raw)
    except ValueError as error:
        raise click.ClickException(f"{name} is not JSON ({error}); only --as-is can send it.") from error
    if wants_fresh:
        event = sample_events.freshen(event, user_id or sample_events.new_id("user"))
    for assignment in changes:
        _change(event, assignment)
    return sample_events.body(event)


def _change(event: sample_events.Event, assignment: str) -> None:
    try:
        sample_events.change(event, assignment)
    except (AttributeError, TypeError) as error:
        raise click.BadParameter(f"there is no such place: {assignment}", param_hint="--set") from error


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        known = "\n  ".join(sample_events.names())
        raise click.BadParameter(
            f"{name} is neither a sample nor a file that can be read.\nSamples:\n  {known}", param_hint="EVENT"
        ) from error


def _seal(secret: str | None, svix_id: str, body: bytes, at: float | None, forged: bool) -> SignedRequest:
    if not secret:
        raise click.UsageError("There is nothing to sign with: give --secret or set CLERK_WEBHOOK_SIGNING_SECRET.")
    try:
        newest = split_secrets(TypeAdapter(SigningSecrets).validate_python(secret))[0]
        return delivery.sign(newest, svix_id, body, at=at, forged=forged)
    except ValidationError as error:
        complaint = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise click.BadParameter(complaint, param_hint="--secret") from error
    except UnicodeDecodeError as error:
        raise click.ClickException("the body is not UTF-8, and Svix signs text only.") from error


def _send(sealed: SignedRequest, url: str) -> ReceiverResponse:
    try:
        return delivery.send(sealed, url)
    except httpx.TimeoutException as error:
        raise click.ClickException(f"{url} gave no answer within 15 seconds, as long as Svix waits.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise click.ClickException(
            f"{url} does not answer ({error}). Does the receiver run? `make up` starts it."
        ) from error


def _as_text(sealed: SignedRequest, answer: ReceiverResponse) -> str:
    about = _about(sealed.body)
    return "\n".join(
        [
            f"{answer.status} in {answer.milliseconds:.0f} ms  {answer.text}",
            f"svix-id  {sealed.svix_id}",
            *([f"type     {about['type']}"] if about["type"] else []),
            *([f"user     {about['user']}"] if about["user"] else []),
        ]
    )


def _as_json(sealed: SignedRequest, url: str, answer: ReceiverResponse) -> str:
    told = {"url": url, "svix_id": sealed.svix_id, **_about(sealed.body)}
    outcome = {"status": answer.status, "answer": answer.text, "milliseconds": round(answer.milliseconds, 1)}
    return json.dumps(told | outcome, ensure_ascii=False)


def _about(body: bytes) -> dict[str, str | None]:
    """The type and the user that a body names, if it does."""
    try:
        event = json.loads(body)
        return {"type": event.get("type"), "user": (event.get("data") or {}).get("id")}
    except (ValueError, AttributeError, RecursionError):
        return {"type": None, "user": None}
