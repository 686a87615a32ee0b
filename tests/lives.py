"""Lives of one to three users, drawn by hypothesis, with few times and fewer addresses so that they meet and tie."""

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.clerk_sender import Clerk, Sent, email_address

DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happens to one user. Its addresses and ids are completed with the name of the case."""

    user: str
    kind: str
    at: int
    address: str | None = None
    first_name: str | None = None
    banned: bool | None = False
    """None: the event does not state it."""
    verified: bool = True

    def sent(self, clerk: Clerk, case: str) -> Sent:
        """The delivery that tells of it, in a world of its own."""
        clerk_id = f"user_{case}_{self.user}"
        if self.kind == DELETED:
            return clerk.deleted(clerk_id, at=self.at)
        say = {"created": clerk.created, "updated": clerk.updated}[self.kind]
        email = self.address and f"{self.address}.{case}@example.com"
        verification = {"status": "verified" if self.verified else "unverified"}
        addresses = [email_address(email) | {"verification": verification}] if email else []
        return say(
            clerk_id,
            at=self.at,
            email=email,
            email_addresses=addresses,
            first_name=self.first_name,
            banned=self.banned,
        )


@dataclass(frozen=True, slots=True)
class Delivered:
    """What happened, and the messages in which it reaches the workers: sets of its numbers, some of them repeated."""

    happened: list[Moment]
    messages: list[list[int]]

    @property
    def in_order(self) -> list[Moment]:
        """What happened, as it happened."""
        return sorted(self.happened, key=lambda moment: moment.at)


def moments(user: str) -> st.SearchStrategy[list[Moment]]:
    """A life: any changes, and perhaps an end (Clerk may tell of one twice, and of changes after it)."""
    changes = st.builds(
        Moment,
        user=st.just(user),
        kind=st.sampled_from(["created", "updated", "updated"]),
        at=st.integers(0, 6),
        address=st.sampled_from([None, "office", "Office", "home"]),
        first_name=st.sampled_from([None, "Ada", "Bea"]),
        banned=st.sampled_from([True, False, False, None]),
        verified=st.booleans(),
    )
    ends = st.builds(Moment, user=st.just(user), kind=st.just(DELETED), at=st.integers(0, 6))
    return st.tuples(st.lists(changes, min_size=1, max_size=5), st.lists(ends, max_size=1)).map(
        lambda life: life[0] + life[1]
    )


@st.composite
def deliveries(draw: st.DrawFn) -> Delivered:
    """One to three lives, delivered in any order, with repeats, in sets of any size."""
    users = ["ada", "bea", "cyd"][: draw(st.integers(1, 3))]
    happened = [moment for user in users for moment in draw(moments(user))]
    every = range(len(happened))
    order = draw(st.permutations([*every, *draw(st.lists(st.sampled_from(every), max_size=6))]))
    ends = sorted(draw(st.sets(st.integers(1, len(order) - 1), max_size=8))) if len(order) > 1 else []
    messages = [list(order[start:end]) for start, end in zip([0, *ends], [*ends, len(order)], strict=True)]
    return Delivered(happened, messages)
