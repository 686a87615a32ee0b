from tests.docs import permissions


def test_the_matrix_of_permissions_is_current() -> None:
    """`python -m tests.docs.permissions` writes it."""
    page = permissions.PAGE.read_text()

    assert permissions.written(page) == page


def test_the_matrix_shows_who_may_call_an_operation() -> None:
    rows = [line.split(" | ") for line in permissions.table().splitlines()]
    allowed = {row[0].strip("| "): [cell.strip(" |") for cell in row[2:]] for row in rows}

    assert allowed["`POST /api/auth/sync`"] == ["yes"] * 5
    assert allowed["`GET /api/user/profile`"] == ["", "yes", "yes", "yes", "yes"]
    assert allowed["`POST /api/admin/users/{clerk_id}/roles`"] == ["", "", "", "", "yes"]
