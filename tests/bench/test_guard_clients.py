"""Clients of the guard with new tokens."""

from bench.guard_clients import Case


def test_a_token_cycle_continues_where_the_last_round_ended() -> None:
    case = Case("new", "/guarded", token_cycle=iter("abc"))
    one, other = case.requests(2)
    (later,) = case.requests(1)
    assert [next(each).split()[-1] for each in (one, other, later)] == [b"a", b"b", b"c"]
