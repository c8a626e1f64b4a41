"""Whoever does a piece of work, it comes out the same; a process that dies or declines loses nothing."""

import os
import signal
from functools import partial
from multiprocessing import parent_process

import pytest

from sources.system.hands import DeclinedError, Hands, Shared, in_portions

PIECES = list(range(40))


@pytest.fixture(params=[1, 2, 3])
def hands(request: pytest.FixtureRequest):
    several = Hands(request.param)
    yield several
    several.leave()


def added(shared: Shared[int], piece: int) -> tuple[int, int]:
    return piece + shared.value, os.getpid()


def declined_elsewhere(piece: int) -> int:
    if parent_process():
        raise DeclinedError
    return piece


def killed_elsewhere(piece: int) -> int:
    if parent_process() and piece == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return piece


def failing(piece: int) -> int:
    if piece == 3:
        raise LookupError("没有第三份")
    return piece


def test_results_come_in_the_order_of_their_pieces_whoever_has_done_them(hands: Hands):
    done = hands.share(partial(added, hands.shared(100)), PIECES)
    assert [number for number, _ in done] == [100 + piece for piece in PIECES]


def test_this_process_does_its_share(hands: Hands):
    begun = hands.begin(added, hands.shared(1), 1)
    number, process = begun()
    assert number == 2
    assert begun() == (number, process), "asked again, it is not done again"
    own = [process for _, process in hands.share(partial(added, hands.shared(0)), PIECES)]
    assert own[-1] == os.getpid()


@pytest.mark.parametrize("work", [declined_elsewhere, killed_elsewhere])
def test_what_another_process_has_not_done_is_done_here(hands: Hands, work):
    assert hands.share(work, PIECES) == PIECES
    assert hands.share(work, PIECES) == PIECES, "and nothing hangs afterwards"


def test_what_a_piece_raises_is_raised_here(hands: Hands):
    with pytest.raises(LookupError, match="没有第三份"):
        hands.share(failing, PIECES)


@pytest.mark.parametrize("count", [0, 1, 5, 100, 3804])
def test_portions_hold_every_piece_once_and_do_not_become_more_with_the_work(count: int):
    portions = in_portions(range(count))
    assert [piece for portion in portions for piece in portion] == list(range(count))
    assert len(portions) <= 24
