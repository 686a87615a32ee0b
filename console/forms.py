"""Reads forms: strict, small, and each field once."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.requests import Request

from console.operations import Refused

MOST_FIELDS = 1_100
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form in their order. A field that is absent, or sent empty, is an empty text."""

    pairs: tuple[tuple[str, str], ...] = ()
    errors: dict[str, str] = field(default_factory=dict)
    """Error messages by field, shown beside the fields; `""` is the form as a whole."""

    def text(self, name: str) -> str:
        """The value of a field, without spaces around it."""
        return next((value.strip() for key, value in self.pairs if key == name), "")

    def texts(self, name: str) -> list[str]:
        """All values of a field that may be given several times, such as a check box per row."""
        return [value for key, value in self.pairs if key == name]


async def read(request: Request, most: int) -> Form:
    """The form that a request carries, of at most `most` bytes. Raises Refused."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Refused(415, "invalid", "Send this form from its page.", None)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise Refused(413, "too_large", f"The form is too large. Send at most {most:,} bytes.", None)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Refused(400, "malformed", "The form is not valid. Send it from its page.", None) from error
    return Form(tuple(pairs))
