from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine

from akako_guard.role import Role
from db.assignments import Assignment
from tests import people
from tests.api.asking import Person, SignIn
from tests.examples import examples

ROUNDS = examples(50)


@pytest.mark.properties
def test_of_two_admins_who_revoke_each_other_concurrently_one_remains(engine: Engine, sign_in: SignIn) -> None:
    ada, bob = sign_in("user_ada"), sign_in("user_bob")
    held = {
        who: people.assign(engine, people.add(engine, who).clerk_id, Role.ADMIN) for who in ("user_ada", "user_bob")
    }
    successes: Counter[int] = Counter()

    def revoke(by: Person, target: str, theirs: Assignment, together: Barrier) -> bool:
        together.wait()
        return by.delete(f"/api/admin/users/{target}/roles/{theirs.id}", reason="Too many of us.").status_code == 200

    with ThreadPoolExecutor(2) as threads:
        for _ in range(ROUNDS):
            together = Barrier(2)
            bob_went = threads.submit(revoke, ada, "user_bob", held["user_bob"], together)
            ada_went = threads.submit(revoke, bob, "user_ada", held["user_ada"], together)
            successes[bob_went.result() + ada_went.result()] += 1
            gone = "user_bob" if bob_went.result() else "user_ada"
            held[gone] = people.assign(engine, gone, Role.ADMIN)

    assert successes == {1: ROUNDS}
