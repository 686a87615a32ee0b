"""Whoever visits the guard: tokens that are to be new to it."""

from bench.guard_clients import Case


def test_a_turn_of_tokens_goes_on_where_the_last_round_ended() -> None:
    case = Case("new", "/guarded", turn=iter("abc"))
    one, other = case.requests(2)
    (later,) = case.requests(1)
    assert [next(each).split()[-1] for each in (one, other, later)] == [b"a", b"b", b"c"]
