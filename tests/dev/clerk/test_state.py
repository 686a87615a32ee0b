"""The state of the development Clerk in a file."""

from pathlib import Path

from dev.clerk import signing_in
from dev.clerk.instance import Instance
from dev.clerk.requests import CreateUser
from dev.clerk.state import FILE, MOST_MESSAGES, State, load, save
from tests.dev.clerk.api import signer


def instance(directory: Path) -> Instance:
    """An instance whose state is in the directory."""
    return Instance(load(directory), signer(), saved=lambda state: save(state, directory))


def test_a_new_process_continues_with_everything_of_the_old_one(tmp_path: Path) -> None:
    before = instance(tmp_path)
    ada = before.create(CreateUser(email_address=["ada@example.com"], password="correct horse 1"))
    session = signing_in.sign_in(before, ada.id)
    signing_in.token(before, session.id)
    before.sender.advance(3_600)
    before.save()

    after = instance(tmp_path)

    assert after.state == before.state
    assert 3_599 < after.sender.clock.offset < 3_601


def test_only_the_owner_can_read_the_file_and_nothing_else_is_left(tmp_path: Path) -> None:
    instance(tmp_path).save()

    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_old_messages_are_forgotten(tmp_path: Path) -> None:
    one = instance(tmp_path)
    ada = one.create(CreateUser(username="lady_ada"))
    message = next(iter(one.state.messages.values()))
    state = State(users={ada.id: ada}, messages={str(number): message for number in range(MOST_MESSAGES + 5)})

    save(state, tmp_path)

    assert next(iter(load(tmp_path).messages)) == "5"
