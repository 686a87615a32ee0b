from bench.deliveries import SECRET, Numbered
from clerk import events
from clerk.events import Changed
from clerk.signature import SigningSecrets


def test_a_prepared_request_has_a_valid_signature() -> None:
    head, _, body = Numbered("run", 7).request().partition(b"\r\n\r\n")
    headers = [(name, value) for name, _, value in (line.partition(b": ") for line in head.split(b"\r\n")[1:])]
    delivery = SigningSecrets([SECRET]).verify(headers, body)
    assert delivery.svix_id == Numbered("run", 7).svix_id
    assert dict(headers)[b"content-length"] == b"%d" % len(body)


def test_a_prepared_body_of_1_1_kilobytes_creates_its_own_user() -> None:
    body, other = Numbered("run", 7).body(), Numbered("run", 8).body()
    meaning = events.read(body).meaning
    assert isinstance(meaning, Changed)
    assert meaning.snapshot.clerk_id == Numbered("run", 7).clerk_id
    assert events.read(other).clerk_user_id != events.read(body).clerk_user_id
    assert 1_050 <= len(body) <= 1_150
