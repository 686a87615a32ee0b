"""Generated valid and invalid requests get responses that conform to the OpenAPI document."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok
from sqlalchemy import Engine

from akako_guard.role import Role
from api import application, openapi
from api.operations import OPERATIONS
from config.settings import ApiSettings
from tests import people
from tests.api.served import served
from tests.clerk_signs_in import Instance
from tests.examples import examples
from tests.served_clerk import served_clerk

EXAMPLES = examples(20)
NAMES = st.sampled_from(["user_admin", "user_ada", "user_bob", "user_none"])
Operation: TypeAlias = APIOperation[Any, Any, Any, Any]
DOCUMENT = schemathesis.openapi.from_dict(openapi.document(OPERATIONS))
DESCRIBED = [each.ok() for each in DOCUMENT.get_all_operations() if isinstance(each, Ok)]
PLAN = settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

load_all_checks()
CONFORMANCE: list[Any] = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)


@pytest.fixture
def url(engine: Engine, settings: ApiSettings) -> Iterator[str]:
    """An API with an admin and two other users, and a Clerk instance without users."""
    people.add(engine, "user_admin", Role.ADMIN, email="admin@example.com")
    people.add(engine, "user_ada", Role.MENTOR, email="ada@example.com")
    people.add(engine, "user_bob")
    with served_clerk() as clerk:
        key = SecretStr(clerk.key)
        asking = {"clerk_secret_key": key, "clerk_api_url": clerk.url, "clerk_requests_per_second": 100}
        with served(application.build(settings.model_copy(update=asking))) as address:
            yield address


@pytest.mark.properties
@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("operation", DESCRIBED, ids=lambda each: each.label)
def test_every_response_conforms_to_the_openapi_document(
    url: str, instance: Instance, operation: Operation, mode: GenerationMode
) -> None:
    @PLAN
    @given(case=operation.as_strategy(generation_mode=mode), clerk_id=NAMES)
    def ask(case: Case[Any], clerk_id: str) -> None:
        case.path_parameters |= {"clerk_id": clerk_id}
        case.call_and_validate(
            url,
            session=session,
            headers={"Authorization": f"Bearer {instance.token('user_admin')}"},
            checks=CONFORMANCE,
        )

    with requests.Session() as session:
        ask()


def test_the_document_has_every_operation() -> None:
    assert {each.definition.raw["operationId"] for each in DESCRIBED} == {each.name for each in OPERATIONS}
