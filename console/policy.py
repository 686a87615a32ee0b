"""What browsers may do with the pages: response headers, and the check that a form was sent from our own page."""

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from akako_guard.csrf import SAFE_METHODS

ASSET = "public, max-age=31536000, immutable"
_REFUSAL = """This form was not sent from a page of the console, so nothing was changed.

Open the console, and send the form there.
"""


def headers(script_origin: str | None) -> dict[str, str]:
    """The headers of every response; pages load ClerkJS from `script_origin`, and from None nothing but our assets."""
    outside = f" {script_origin}" if script_origin else ""
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "; ".join(
            (
                "default-src 'none'",
                f"script-src 'self'{outside}",
                f"connect-src 'self'{outside}",
                "style-src 'self'",
                "img-src 'self'",
                *(("worker-src blob:",) if script_origin else ()),
                "form-action 'self'",
                "frame-ancestors 'none'",
                "base-uri 'none'",
            )
        ),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
        # Not `no-referrer`: with it, browsers send `Origin: null` with our own forms.
        "Referrer-Policy": "same-origin",
        "Strict-Transport-Security": "max-age=31536000",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def script_origin(frontend_api: str) -> str:
    """The origin of Clerk's Frontend API, which may have a path."""
    scheme, _, rest = frontend_api.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


class OwnFormsOnly:
    """Refuses unsafe requests that a page of another origin caused.

    Browsers state the relation in `Sec-Fetch-Site`, and older ones the origin in `Origin`. A request with neither is
    refused: programs call the API instead.
    """

    def __init__(self, app: ASGIApp, origin: str) -> None:
        self._app = app
        self._origin = origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS or self._is_own(Headers(scope=scope)):
            await self._app(scope, receive, send)
        else:
            await PlainTextResponse(_REFUSAL, 403)(scope, receive, send)

    def _is_own(self, headers: Headers) -> bool:
        sites, origins = headers.getlist("sec-fetch-site"), headers.getlist("origin")
        if origins and origins != [self._origin]:
            return False
        return sites == ["same-origin"] if sites else bool(origins)
