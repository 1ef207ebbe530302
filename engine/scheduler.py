"""The alarm clock: the only module that knows APScheduler. It looks twice a second for what is due; rows decide, not its memory."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import OperationalError

from engine import announcements, housekeeping, worker
from engine.clock import Clock
from engine.crew import Threads
from engine.db import Database
from engine.jobs import Handler

logger = logging.getLogger("steward.scheduler")
WATCHDOG_SECONDS = 2.0  # how often the watchdog looks
STALL_SECONDS = 5.0  # a tick later than this has been lost
LONGEST_LOOK_SECONDS = 600.0  # a tick that neither looks nor works for longer hangs
# A tick that lasts longer than the next one is normal under load, and no reason for a warning twice a second.
logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)


class Scheduler:
    """Timers, clocks, jobs and stored messages of one database, done by threads of this process."""

    def __init__(self, database: Database, clock: Clock, handlers: Mapping[str, Handler] | None = None) -> None:
        self._database = database
        self._clock = clock
        self._handlers = dict(handlers or {})
        self._crew = Threads()
        self._ticking, self._sweeping = threading.Lock(), threading.Lock()
        self._stop = threading.Event()
        self._watchdog: threading.Thread | None = None
        self._alarm: BackgroundScheduler | None = None
        self._last_tick = time.monotonic()

    def start(self) -> None:
        self._arm()
        self._watchdog = threading.Thread(target=self._watch, name="steward-watchdog", daemon=True)
        self._watchdog.start()

    def stop(self) -> None:
        """Finish what is under way, begin nothing new."""
        self._stop.set()
        if self._watchdog is not None:
            self._watchdog.join()
        alarm, self._alarm = self._alarm, None
        if alarm is not None:
            alarm.shutdown(wait=True)
        self._crew.close()

    def is_alive(self) -> bool:
        """Whether it looks for what is due, or is busy with it."""
        silence = time.monotonic() - self._last_tick
        return silence < (LONGEST_LOOK_SECONDS if self._ticking.locked() else 4 * STALL_SECONDS)

    def _arm(self) -> None:
        self._last_tick = time.monotonic()
        self._alarm = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(2)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        every = self._database.settings.poll_seconds
        self._alarm.add_job(self._tick, "interval", seconds=every, id="tick", next_run_time=datetime.now(UTC))
        self._alarm.add_job(self._sweep, "interval", seconds=housekeeping.EVERY.total_seconds(), id="sweep")
        self._alarm.start()

    def _watch(self) -> None:
        # APScheduler sleeps until a time of day: when the wall clock is set back by an hour, it sleeps an hour. Monotonic time does not.
        while not self._stop.wait(WATCHDOG_SECONDS):
            if time.monotonic() - self._last_tick > STALL_SECONDS and not self._ticking.locked():
                logger.warning("The alarm clock has stood still; setting it anew")
                stalled, self._alarm = self._alarm, None
                if stalled is not None:
                    stalled.shutdown(wait=False)
                self._arm()

    def _tick(self) -> None:
        self._last_tick = time.monotonic()
        self._once(self._ticking, self._work)
        self._last_tick = time.monotonic()

    def _work(self) -> None:
        announcements.announce(self._database, self._clock.now())
        worker.run_due(self._database, self._clock, self._handlers, self._is_stopping, self._crew)

    def _sweep(self) -> None:
        def sweep() -> None:
            with self._database.transaction() as session:
                housekeeping.sweep(session, self._clock.now())

        self._once(self._sweeping, sweep)

    def _is_stopping(self) -> bool:
        # Asked before each row: while there is work, a tick may go on for hours, and lives.
        self._last_tick = time.monotonic()
        return self._stop.is_set()

    def _once(self, lock: threading.Lock, work: Callable[[], object]) -> None:
        """Do it unless it is being done already, by an alarm clock that was believed dead."""
        if not lock.acquire(blocking=False):
            return
        try:
            work()
        except OperationalError as error:  # the database is away or full for a while
            logger.warning("The database does not answer or has no room; the next tick tries again: %s", error.orig)
        except Exception:
            logger.exception("A tick failed; the next one tries again")
        finally:
            lock.release()
