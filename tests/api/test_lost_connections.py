from starlette.testclient import TestClient

from tests.api.asking import Person
from tests.sdk.test_engine import end_sessions
from tests.servers import Database


def test_the_first_request_after_the_sessions_were_ended_is_answered(database: Database, admin: Person) -> None:
    """As after a restart of PostgreSQL or an idle timeout. Each request uses several connections."""
    for _ in range(3):
        assert admin.get("/api/admin/users").status_code == 200
        end_sessions(database)
        assert admin.get("/api/admin/users").status_code == 200


def test_the_first_change_after_the_sessions_were_ended_is_made(
    client: TestClient, database: Database, admin: Person
) -> None:
    admin.get("/api/admin/users")
    end_sessions(database)
    given = admin.post("/api/admin/users/user_admin/roles", role="MENTOR", reason="For a test.")

    assert given.status_code == 201
