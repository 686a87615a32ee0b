"""One walk of reconciling from start to end, without pace and pauses: `python -m bench.peers.reconcile_walk`.

Prints the numbers of users seen and unchanged.
"""

import os
from contextlib import closing

from akako_guard.database import engine
from akako_guard.role import Role
from clerk.backend import Backend
from reconcile.pace import Pace
from reconcile.reading import Reader
from reconcile.walking import Walker

UNLIMITED = 1_000_000.0


def walk() -> tuple[int, int]:
    pool = engine.connect(os.environ["DATABASE_URL"], "bench", connections=1, looks_up=True)
    with closing(Backend(os.environ["CLERK_SECRET_KEY"], os.environ["CLERK_API_URL"])) as backend:
        reader = Reader(pool, backend, Pace(UNLIMITED), before=lambda: None)
        walker = Walker(reader=reader, default_role=Role.LEARNER)
        ended = walker.read(walker.start(reader.instance().id, urgent=False), None)
    pool.dispose()
    return ended.seen, ended.unchanged


if __name__ == "__main__":
    print(*walk())
