"""Renders the OpenAPI document as Markdown for `docs/`, and as one self-contained HTML page."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from html import escape
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt

from api.openapi import Json

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; padding: 0 1rem; }
h2 { border-top: 1px solid #8886; padding-top: 1rem; }
code { font: 14px/1.5 ui-monospace, monospace; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8884; padding: .3rem .8rem .3rem 0; text-align: left; vertical-align: top; }
:root { color-scheme: light dark; }
"""
POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""Content security policy of the page: only its inline style is allowed."""


def html(document: Json) -> str:
    """The reference as an HTML page."""
    title = escape(f"{document['info']['title']}: API")
    parser = MarkdownIt("js-default")
    tokens = parser.parse(markdown(document))
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", inline.content.lower())
    body = parser.renderer.render(tokens, parser.options, {})
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>"
    )


def markdown(document: Json) -> str:
    """The reference as Markdown."""
    parts = [
        f"# {document['info']['title']}: API",
        document["info"]["description"].strip(),
        "This page is generated from the OpenAPI document, which the API serves at `/api/openapi.json`.",
        *(part for path, methods in document["paths"].items() for part in _operations(path, methods)),
        "# Schemas",
        *(part for name, schema in document["components"]["schemas"].items() for part in _schema(name, schema)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _operations(path: str, methods: Json) -> Iterator[str]:
    for method, operation in methods.items():
        yield f"## `{method.upper()} {path}`"
        yield operation["summary"]
        yield operation["description"]
        yield _table(("parameter", "in", "type", "description"), map(_parameter, operation["parameters"]))
        if "requestBody" in operation:
            yield f"Request body: {_media(operation['requestBody'])}."
        yield _table(("status", "response", "description"), map(_response, operation["responses"].items()))


def _parameter(parameter: Json) -> Sequence[str]:
    need = "Required. " if parameter["required"] and parameter["in"] != "path" else ""
    return (
        f"`{parameter['name']}`",
        parameter["in"],
        _kind(parameter["schema"]),
        need + " ".join(parameter["description"].split()),
    )


def _response(item: tuple[str, Json]) -> Sequence[str]:
    status, response = item
    return status, _media(response), response["description"]


def _media(content_holder: Json) -> str:
    kinds = ((media, content["schema"]) for media, content in content_holder["content"].items())
    return ", ".join(_kind(schema) if media == "application/json" else f"`{media}`" for media, schema in kinds)


def _schema(name: str, schema: Json) -> Iterator[str]:
    yield f"## {name}"
    yield _description(schema)
    if "enum" in schema:
        yield _kind(schema)
    required = schema.get("required", [])
    rows = (
        (f"`{name}`", _kind(field), ("" if name in required else "Optional. ") + _description(field))
        for name, field in schema.get("properties", {}).items()
    )
    yield _table(("field", "type", "description"), rows)


def _description(schema: Json) -> str:
    text: str = schema.get("description", "")
    return " ".join(text.split())


def _kind(schema: Json) -> str:
    """The type of a schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    kind: str = schema.get("format") or schema.get("type") or "any"
    return " ".join([kind, *_bounds(schema)])


def _bounds(schema: Json) -> Iterator[str]:
    words: dict[str, str] = {
        "minimum": "from {}",
        "maximum": "to {}",
        "maxLength": "(at most {} characters)",
        "default": "(default `{}`)",
    }
    for key, text in words.items():
        value: Any = schema.get(key)
        if value not in (None, ""):
            yield text.format(str(value).lower() if isinstance(value, bool) else value)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; empty if there are no rows."""
    body = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *body]) if body else ""
