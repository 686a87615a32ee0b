"""The fake Clerk, on whose valid signatures all other tests rely."""

from clerk import events
from clerk.events import Changed
from clerk.signature import SigningSecrets
from tests.clerk_sender import ADA, Clerk, moment


def test_a_delivery_of_the_fake_clerk_verifies_and_contains_the_given_values() -> None:
    clerk = Clerk()
    sent = clerk.updated(at=1_500, email="ada@example.com")
    delivery = SigningSecrets(clerk.secrets).verify(sent.raw_headers, sent.body)
    event = events.read(delivery.body)
    assert isinstance(event.meaning, Changed)
    assert (event.clerk_user_id, event.occurred_at) == (ADA, moment(1_500))
    assert event.meaning.snapshot.email == "ada@example.com"


def test_the_fake_clerk_redelivers_an_event_with_the_same_id_and_body() -> None:
    clerk = Clerk()
    first = clerk.deleted()
    second = clerk.again(first, seconds_ago=60)
    assert (second.svix_id, second.body) == (first.svix_id, first.body)
    assert second.headers["svix-signature"] != first.headers["svix-signature"]
    assert SigningSecrets(clerk.secrets).verify(second.raw_headers, second.body).svix_id == first.svix_id
