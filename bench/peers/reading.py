"""The floor of a walk: `python -m bench.peers.reading` reads and parses the pages of all users, and does nothing else.

Written as the documentation of httpx and orjson teaches. Prints the number of users.
"""

import os

import httpx
import orjson


def read() -> int:
    count, cursor = 0, None
    key = os.environ["CLERK_SECRET_KEY"]
    with httpx.Client(base_url=os.environ["CLERK_API_URL"], headers={"Authorization": f"Bearer {key}"}) as client:
        while True:
            asked = {"order_by": "+created_at", "limit": "500"} | ({"starting_after": cursor} if cursor else {})
            page = orjson.loads(client.get("/v1/users", params=asked).raise_for_status().content)
            count += len(page)
            if len(page) < 500:
                return count
            cursor = page[-1]["id"]


if __name__ == "__main__":
    print(read())
