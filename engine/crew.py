"""Hands for what is due: several cases side by side, so that a slow one holds up no other; never one case in two hands."""

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

CASE, MESSAGE, HANDLER, START = "case", "message", "handler", "start"
HANDS = 4  # they also share SQLite's flush; more would only take the machine away from those who serve people
MOMENT = 0.25  # seconds that the end of slow work is waited for before the next look


class Pile(NamedTuple):
    """What belongs into one pair of hands: a case, a message, or the job of a handler from outside."""

    kind: str
    id: int


class Crew(Protocol):
    """Who does the work."""

    def under_way(self, kind: str) -> set[int]:
        """What is in somebody's hands now."""

    def free_for_handlers(self, most: int) -> int:
        """How many jobs of handlers could be begun now, at most `most`."""

    def order(self, piles: Sequence[Pile]) -> Sequence[Pile]:
        """In which order these piles, which have waited longest first, are to be taken."""

    def take(self, pile: Pile, work: Callable[[], int]) -> None:
        """Begin the work, as soon as somebody has a hand free. Raises what went wrong in earlier work."""

    def done(self) -> int:
        """How many rows were done since this was asked before. Raises what went wrong."""


class Alone:
    """One after the other, in the thread that asks."""

    def __init__(self) -> None:
        self._done = 0

    def under_way(self, _kind: str) -> set[int]:
        return set()

    def free_for_handlers(self, most: int) -> int:
        return most

    def order(self, piles: Sequence[Pile]) -> Sequence[Pile]:
        return piles

    def take(self, _pile: Pile, work: Callable[[], int]) -> None:
        self._done += work()

    def done(self) -> int:
        done, self._done = self._done, 0
        return done


class Threads:
    """Threads of this process; handlers from outside, which may take as long as they like, have their own."""

    def __init__(self, hands: int = HANDS) -> None:
        self._hands = hands
        self._pool = ThreadPoolExecutor(2 * hands, thread_name_prefix="steward-hand")
        self._changed = threading.Condition()
        self._under_way: set[Pile] = set()
        self._done = 0
        self._trouble: Exception | None = None

    def under_way(self, kind: str) -> set[int]:
        with self._changed:
            return {pile.id for pile in self._under_way if pile.kind == kind}

    def free_for_handlers(self, most: int) -> int:
        with self._changed:
            return min(most, self._free(is_handler=True))

    def order(self, piles: Sequence[Pile]) -> Sequence[Pile]:
        # Other processes see the same piles. Each begins at a place of its own: all in one order, the second would only ever come too late.
        place = random.randrange(len(piles)) if piles else 0
        return [*piles[place:], *piles[:place]]

    def take(self, pile: Pile, work: Callable[[], int]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._free(pile.kind == HANDLER) > 0)
            self._raise_trouble()
            self._under_way.add(pile)
        self._pool.submit(self._work, pile, work)

    def done(self) -> int:
        with self._changed:
            # Most work is done in a moment, and what comes of it is due at once.
            if not self._done and any(pile.kind != HANDLER for pile in self._under_way):
                self._changed.wait(MOMENT)
            self._raise_trouble()
            done, self._done = self._done, 0
            return done

    def close(self) -> None:
        """Wait for what is under way."""
        self._pool.shutdown(wait=True)

    def _work(self, pile: Pile, work: Callable[[], int]) -> None:
        done = 0
        try:
            done = work()
        except Exception as error:  # raised where the work is given out: that thread knows what to do about it
            self._trouble = error
        finally:
            with self._changed:
                self._done += done
                self._under_way.discard(pile)
                self._changed.notify_all()

    def _free(self, is_handler: bool) -> int:
        return self._hands - sum((pile.kind == HANDLER) == is_handler for pile in self._under_way)

    def _raise_trouble(self) -> None:
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            raise trouble
