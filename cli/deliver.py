"""`akako deliver`: signs an event and sends it to a receiver, without a tunnel or Clerk's dashboard."""

import json
import sys
from pathlib import Path

import click
import httpx

from cli import signing_secret
from dev import delivery, sample_events
from dev.delivery import ReceiverResponse, SignedRequest
from dev.terminal import escape

ADVICE = {
    400: "Check the URL; the receiver's log line `delivery.refused` has the reason.",
    401: "Check that --secret is in the receiver's CLERK_WEBHOOK_SIGNING_SECRET and that both clocks agree within "
    "5 minutes.",
    404: "The receiver has no such path: end the URL with /webhooks/clerk.",
    405: "The receiver accepts deliveries at /webhooks/clerk only.",
    413: "The body is larger than the receiver's MAX_BODY_BYTES.",
    503: "The receiver could not store the delivery in time; its log has the reason. Retry later, as Svix does.",
}


@click.command(
    epilog="""\b
    Examples:
      akako deliver user.created                       a new user each time
      akako deliver user.updated --user user_3Ab...    the same user again
      akako deliver user.created --set data.first_name=Ada --id msg_1
      akako deliver captured.json --as-is              a file, unchanged
      akako deliver user.created --forge               an invalid signature
      akako deliver --list
    """
)
@click.argument("event", required=False)
@click.option("--list", "listing", is_flag=True, help="Print the names of the samples.")
@click.option("--url", default="http://127.0.0.1:8000/webhooks/clerk", show_default=True, help="URL of the receiver.")
@click.option(
    "--secret",
    envvar="CLERK_WEBHOOK_SIGNING_SECRET",
    show_envvar=True,
    help="Signing secret (whsec_...); the first is used if several are given, separated by commas.",
)
@click.option(
    "--id", "svix_id", help="The svix-id of the delivery; reuse one to send a duplicate. [default: a new one]"
)
@click.option("--user", "user_id", help="The Clerk id of the user in a fresh event. [default: a new one]")
@click.option("--at", type=float, help="The svix-timestamp to sign, in seconds since 1970. [default: now]")
@click.option("--set", "changes", multiple=True, metavar="PATH=VALUE", help="Set a value: data.first_name=Ada.")
@click.option(
    "--fresh/--as-is",
    default=None,
    help="Replace ids, e-mail addresses and times with new ones, or send the event unchanged. "
    "[default: --fresh for samples, --as-is for files]",
)
@click.option("--forge", is_flag=True, help="Send an invalid signature.")
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
            "Name a sample, a file, or - for standard input. `akako deliver --list` prints the samples."
        )
    body = _body(event, fresh, user_id, changes)
    request = _sign(secret, svix_id or sample_events.new_id("msg"), body, at, forge)
    answer = _send(request, url)
    click.echo(escape(_as_json(request, url, answer) if as_json else _as_text(request, answer)))
    if not answer.accepted:
        advice = "Svix does not follow redirects." if 300 <= answer.status < 400 else "See the receiver's log."
        raise click.ClickException(f"Not accepted. {ADVICE.get(answer.status, advice)}")


def _body(name: str, fresh: bool | None, user_id: str | None, changes: tuple[str, ...]) -> bytes:
    """The bytes to send; a file is sent unchanged unless an option changes it."""
    is_sample = name in sample_events.names()
    raw = sample_events.body(sample_events.load(name)) if is_sample else _read(name)
    wants_fresh = (is_sample or user_id is not None) if fresh is None else fresh
    if not (wants_fresh or changes):
        return raw
    try:
        event = json.loads(raw)
    except ValueError as error:
        raise click.ClickException(f"{name} is not JSON ({error}). Send it unchanged with --as-is.") from error
    if wants_fresh:
        event = sample_events.freshen(event, user_id or sample_events.new_id("user"))
    for assignment in changes:
        _change(event, assignment)
    return sample_events.body(event)


def _change(event: sample_events.Event, assignment: str) -> None:
    try:
        sample_events.change(event, assignment)
    except (AttributeError, TypeError) as error:
        raise click.BadParameter(f"The event has no such path: {assignment}", param_hint="--set") from error


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        known = "\n  ".join(sample_events.names())
        raise click.BadParameter(
            f"{name} is neither a sample nor a readable file.\nSamples:\n  {known}", param_hint="EVENT"
        ) from error


def _sign(secret: str | None, svix_id: str, body: bytes, at: float | None, forged: bool) -> SignedRequest:
    newest = signing_secret.newest(secret)
    try:
        return delivery.sign(newest, svix_id, body, at=at, forged=forged)
    except UnicodeDecodeError as error:
        raise click.ClickException("The body is not valid UTF-8, and Svix signs text only.") from error


def _send(request: SignedRequest, url: str) -> ReceiverResponse:
    try:
        return delivery.send(request, url)
    except httpx.TimeoutException as error:
        raise click.ClickException(f"{url} did not answer within 15 seconds, the timeout of Svix.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise click.ClickException(
            f"{url} does not answer ({error}). Start the receiver, for example with `make up`."
        ) from error


def _as_text(request: SignedRequest, answer: ReceiverResponse) -> str:
    about = _about(request.body)
    return "\n".join(
        [
            f"{answer.status} in {answer.milliseconds:.0f} ms  {answer.text}",
            f"svix-id  {request.svix_id}",
            *([f"type     {about['type']}"] if about["type"] else []),
            *([f"user     {about['user']}"] if about["user"] else []),
        ]
    )


def _as_json(request: SignedRequest, url: str, answer: ReceiverResponse) -> str:
    sent = {"url": url, "svix_id": request.svix_id, **_about(request.body)}
    outcome = {"status": answer.status, "answer": answer.text, "milliseconds": round(answer.milliseconds, 1)}
    return json.dumps(sent | outcome, ensure_ascii=False)


def _about(body: bytes) -> dict[str, str | None]:
    """The event type and the user id in a body; None for what it does not contain."""
    try:
        event = json.loads(body)
        return {"type": event.get("type"), "user": (event.get("data") or {}).get("id")}
    except (ValueError, AttributeError, RecursionError):
        return {"type": None, "user": None}
