import pytest
from starlette.testclient import TestClient

from akako_guard import Role, Settings
from akako_guard.authentication import Authentication
from akako_guard.testing import FixedCaller, Signer, caller
from tests import lms, people
from tests.servers import Database


@pytest.mark.parametrize(
    ("backend", "status"),
    [(FixedCaller(None), 401), (FixedCaller(caller()), 403), (FixedCaller(caller("user_ada", Role.MENTOR)), 200)],
)
def test_a_fixed_caller_needs_neither_clerk_nor_a_database(backend: FixedCaller, status: int) -> None:
    assert TestClient(lms.application(backend)).get("/either").status_code == status


def test_a_token_of_the_signer_is_accepted_with_its_settings(database: Database, engine: object) -> None:
    people.add(engine, "user_ada", Role.MENTOR)  # type: ignore[arg-type]
    signer = Signer()
    backend = Authentication(Settings.from_env({"DATABASE_URL": database.app_url, **signer.settings}))
    with TestClient(lms.application(backend)) as client:
        headers = lms.bearer(signer.token("user_ada"))
        assert client.get("/either", headers=headers).status_code == 200
        assert client.get("/either", headers=lms.bearer(Signer().token("user_ada"))).status_code == 401
    backend.close()
