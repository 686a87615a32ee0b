"""The OpenAPI 3.1 document, generated from the operations and their models."""

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from inspect import cleandoc
from typing import Any, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from api.operation import Operation
from api.requests import RequestModel
from api.responses import Denial, Problem, ResponseModel

Json: TypeAlias = dict[str, Any]

_PATH_PARAMETERS: dict[str, Json] = {
    "{clerk_id}": {
        "name": "clerk_id",
        "in": "path",
        "required": True,
        "description": "Clerk id of the user.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    },
    "{svix_id}": {
        "name": "svix_id",
        "in": "path",
        "required": True,
        "description": "Svix id of the delivery.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    },
    "{drift_id}": {
        "name": "drift_id",
        "in": "path",
        "required": True,
        "description": "Id of the difference.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "{id}": {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "Id of the assignment.",
        "schema": {"type": "integer", "minimum": 0},
    },
}
_REFUSALS = {
    401: "The token is missing or invalid, or its user is unknown or deleted.",
    403: "The caller does not hold a required role, or is banned.",
    404: "The user, assignment, event or difference does not exist.",
    408: "The request body was not received in time.",
    409: "The change conflicts with the current state. The message says what to do first.",
    413: "The request body is too large.",
    415: "The content type is not `application/json`.",
    422: "The request is invalid.",
    500: "Internal error.",
    503: "A dependency is unavailable or overloaded. Retry after the time in `Retry-After`.",
}
_GUARD_STATUSES = (401, 403)
_ABOUT = """\
Users of the learning platform, and the roles that they hold in windows of time.

Every request requires a Clerk session token, either as `Authorization: Bearer ...` or in the `__session` cookie. To
protect against CSRF, the cookie is accepted only if the `Origin` or `Sec-Fetch-Site` header shows that one of your own
pages sent the request. User ids in paths are Clerk ids. Times are RFC 3339 with a time zone. Unknown parameters and
fields are rejected. Every response has an `X-Request-Id` header; the audit trail records changes with the same id.
"""


def document(operations: Sequence[Operation]) -> Json:
    """The OpenAPI document of these operations."""
    schemas = _schemas(operations)
    paths: dict[str, Json] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    for query in {operation.query for operation in operations if operation.query}:
        del schemas[query.__name__]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Akako Sync", "version": version("akako-sync"), "description": _ABOUT},
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "__session"},
            },
        },
        "security": [{"token": []}, {"cookie": []}],
    }


def _schemas(operations: Sequence[Operation]) -> dict[str, Json]:
    requests = {kind for operation in operations for kind in (operation.query, operation.body) if kind}
    responses: set[type[ResponseModel]] = {operation.response for operation in operations} | {Problem, Denial}
    kinds: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        *((kind, "validation") for kind in sorted(requests, key=_name)),
        *((kind, "serialization") for kind in sorted(responses, key=_name)),
    ]
    _, together = models_json_schema(kinds, ref_template="#/components/schemas/{model}")
    schemas: dict[str, Json] = together["$defs"]
    return schemas


def _operation(operation: Operation, schemas: dict[str, Json]) -> Json:
    summary, _, more = cleandoc(operation.run.__doc__ or "").partition("\n\n")
    described: Json = {
        "operationId": operation.name,
        "summary": " ".join(summary.split()),
        "description": "\n\n".join(filter(None, [" ".join(more.split()), _access(operation)])),
        "parameters": [*_in_path(operation.path), *(_in_query(operation.query, schemas) if operation.query else [])],
        "responses": {str(operation.status): _success(operation)} | dict(_refusals(operation)),
    }
    if operation.body:
        described["requestBody"] = {"required": True, "content": {"application/json": _reference(operation.body)}}
    return described


def _access(operation: Operation) -> str:
    if operation.requires is None:
        return "Requires a valid token."
    roles = sorted(operation.requires.roles)
    return f"Requires the role {' or '.join(roles)}." if roles else "Requires a known user."


def _in_path(path: str) -> list[Json]:
    return [parameter for name, parameter in _PATH_PARAMETERS.items() if name in path]


def _in_query(query: type[RequestModel], schemas: dict[str, Json]) -> list[Json]:
    schema = schemas[query.__name__]
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", []),
            "description": field.get("description", ""),
            "schema": _without_null(
                {key: value for key, value in field.items() if key not in ("description", "title")}
            ),
        }
        for name, field in schema["properties"].items()
    ]


def _without_null(schema: Json) -> Json:
    """Removes null from the type: a query parameter is omitted instead."""
    given = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key != "anyOf" and (key, value) != ("default", None)}
    return {**given[0], **rest} if given else rest


def _success(operation: Operation) -> Json:
    streams = {media: {"schema": {"type": "string"}} for media in operation.streams}
    return {
        "description": (operation.response.__doc__ or "").strip(),
        "content": {"application/json": _reference(operation.response)} | streams,
    }


def _refusals(operation: Operation) -> Iterable[tuple[str, Json]]:
    everywhere = {401, 422, 500, 503}
    of_guards = {403} if operation.requires else set()
    of_bodies = {408, 413, 415} if operation.body else set()
    for status in sorted(everywhere | of_guards | of_bodies | set(operation.refusals)):
        yield str(status), {"description": _REFUSALS[status], "content": {"application/json": _body(status)}}


def _body(status: int) -> Json:
    if status in _GUARD_STATUSES:
        return _reference(Denial)
    if status == 503:  # from the guard or from the endpoint
        return {"schema": {"anyOf": [_reference(kind)["schema"] for kind in (Denial, Problem)]}}
    return _reference(Problem)


def _reference(kind: type[BaseModel]) -> Json:
    return {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}


def _name(kind: type[BaseModel]) -> str:
    return kind.__name__
