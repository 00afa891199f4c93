"""The records of invocations, in an SQLite file. Their number and their size are limited.

Records of running invocations are in memory. Those of ended invocations are written by another thread, many at a time,
so that no invocation waits for the disk. If large ones wait, it writes at once.
"""

import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tencentserverless.local.invocations import record_file, refused_rows, search
from tencentserverless.local.invocations.record_file import DEFAULT_LIMITS, Limits
from tencentserverless.local.invocations.refusals import Refusals
from tencentserverless.local.invocations.search import Wanted
from tencentserverless.local.model.facts import Refused
from tencentserverless.local.model.invocation import Invocation, Outcome, Record

BATCH_SECONDS = 0.5
WRITING_SHARE = 0.02  # of the time, at most: the writer competes with the event loop for the interpreter
URGENT_BYTES = 4 * 1024 * 1024  # if so much waits, it is written without a pause
BATCH_BYTES = 8 * 1024 * 1024  # of one transaction


class Records:
    """The records of an endpoint's invocations.

    path: returns the path of the SQLite file. It is called at the first record. If the file exists, records are added
        to it. Several endpoints may use one file.
    notify: is called once if the file cannot be read or written. Then records wait in memory, within the same limits.
    limits: beyond these the oldest records are removed.
    running: the records of invocations that have not ended, by request id.
    """

    def __init__(
        self,
        path: Callable[[], Path],
        notify: Callable[[str], None],
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._path = path
        self._notify = notify
        self._limits = limits
        self.running: dict[str, Record] = {}
        self._ended = _Newest(limits.most, limits.most_bytes)
        self._refused = Refusals()  # those that are not in the file yet
        self._begun = 0
        self._own: deque[str] = deque(maxlen=limits.most)  # the request ids since the start, or since `forget`
        self._lock = threading.RLock()  # `notify` is called with the lock, and may call `all`
        self._wake, self._hurry, self._closing = threading.Event(), threading.Event(), threading.Event()
        self._writer: threading.Thread | None = None
        self._database: sqlite3.Connection | None = None
        self._opened_file: os.stat_result | None = None
        self._file_exists = False  # as far as this endpoint knows
        self._has_notified = False
        self._damaged_rows = 0
        self._last: list[Record] | None = None  # after `close`

    def check(self) -> None:
        """Create the file, or check that the existing one can be used. Raises ValueError if not."""
        try:
            record_file.opened(self._path()).close()
        except (OSError, sqlite3.Error) as error:
            why = getattr(error, "strerror", None) or error
            raise ValueError(f"records: {self._path()}: {why}") from None
        self._file_exists = True

    def begin(self, invocation: Invocation) -> Record:
        """Create the record of a new invocation."""
        if self._writer is None:
            self._start_writer()
        self._begun += 1
        self._own.append(invocation.request_id)
        record = self.running[invocation.request_id] = Record(invocation, self._begun)
        return record

    def _start_writer(self) -> None:
        writer = threading.Thread(target=self._write_on, name="LocalSCF records", daemon=True)
        with suppress(RuntimeError):  # the system refuses another thread now; `all` and `close` write as well
            writer.start()
            self._writer = writer

    def end(self, record: Record, outcome: Outcome, at: float) -> None:
        """The invocation has ended at this time (Unix seconds). Its record is written later."""
        record.outcome, record.ended_at = outcome, at
        if record.request_id not in self.running:  # it is forgotten
            return
        self._ended.add(record)
        self.running.pop(record.invocation.request_id, None)
        if self._ended.bytes > URGENT_BYTES:
            self._hurry.set()
        if not self._wake.is_set():
            self._wake.set()

    def refuse(self, refused: Refused) -> None:
        """A request was refused. That is written later, equal ones together."""
        if self._writer is None:
            self._start_writer()
        self._refused.add(refused)
        if not self._wake.is_set():
            self._wake.set()

    def all(self) -> list[Record]:
        """All records, also of running invocations, in the order in which the invocations came. This reads the file."""
        if self._last is not None:
            return list(self._last)
        running = dict(self.running)
        with self._lock:
            self._write()
            ended = [*self._read(), *self._ended.all()]
        # An invocation that ends meanwhile is in both.
        found = [record for record in ended if record.invocation.request_id not in running]
        return sorted([*found, *running.values()], key=lambda each: (each.invocation.received_at, each.number))

    def newest(self, wanted: Wanted, most: int) -> tuple[list[Record], int]:
        """The newest records of ended invocations that fulfil the conditions, and the number of all that do."""
        with self._lock, suppress(OSError, sqlite3.Error):  # the next write gives a notice
            self._write()
            if self._file_exists:
                database = self._connected()
                return search.newest(database, wanted, most), search.count(database, wanted)
        return [], 0

    def own(self) -> list[Record]:
        """The records of this endpoint, without those that were in the file before, as `all` returns them."""
        ids = set(self._own)
        return [record for record in self.all() if record.request_id in ids]

    def forget(self) -> None:
        """Remove the records of this endpoint. Those that were in the file before stay."""
        with self._lock, suppress(sqlite3.Error):  # the next write gives a notice
            self._ended.take(1 << 62)
            self._refused.clear()
            if self._file_exists:
                record_file.forget(self._connected(), self._own)
        self.running.clear()
        self._own.clear()

    def close(self, *, is_kept: bool = False) -> None:
        """Write the remaining records and close the file. After that `all` returns the same records as now.

        is_kept: whether the file stays, so that nobody needs them. There may be many. Then `all` returns none.
        """
        if self._last is not None:
            return
        if self._writer is not None:
            for event in (self._closing, self._hurry, self._wake):
                event.set()
            self._writer.join()
        with self._lock:
            self._write()
        self._last = [] if is_kept else self.all()
        if left := len(self._ended.all()):
            self._notify(f"records: {self._path()}: the last {left} records could not be written")
        self._disconnect()

    def _write_on(self) -> None:
        took, succeeded = 0.0, True
        while True:
            self._wake.wait()
            (self._hurry if succeeded else self._closing).wait(max(BATCH_SECONDS, took / WRITING_SHARE))
            if self._closing.is_set():
                return  # `close` writes the rest
            self._wake.clear()
            self._hurry.clear()
            started = time.monotonic()
            with self._lock:
                succeeded = self._write()
                if not succeeded:
                    self._wake.set()
            took = time.monotonic() - started

    def _write(self) -> bool:
        """Write the records of ended invocations, and remove the oldest ones. The caller has the lock.

        Returns whether that succeeded.
        """
        is_new = False
        while records := self._ended.take(BATCH_BYTES):
            try:
                record_file.write(self._connected(), records, self._limits)
            except Exception as error:  # noqa: BLE001  the thread continues after any error
                self._ended.put_back(records)
                was_new, is_new = is_new, self._give_up(error)
                if is_new and not was_new:
                    continue
                self._notify_once(f"{error} (until this is solved, records are kept in memory)")
                return False
            self._has_notified = False
        self._write_refused()
        return True

    def _write_refused(self) -> None:
        """Write the refusals. If that fails they wait for the next time: they are few."""
        if refused := self._refused.take():
            try:
                refused_rows.write(self._connected(), refused)
            except Exception as error:  # noqa: BLE001  the thread continues after any error
                for each in refused:
                    self._refused.add(*each)
                self._notify_once(f"{error} (until this is solved, refusals are kept in memory)")
                self._give_up(error)

    def _read(self) -> list[Record]:
        """Read the file. The caller has the lock."""
        if not self._file_exists:
            return []
        found: list[Record] = []
        damaged = 0
        try:
            for record in record_file.read(self._connected()):
                if record is None:
                    damaged += 1
                else:
                    found.append(record)
        except Exception as error:  # noqa: BLE001  the other records are returned anyway
            if not self._give_up(error):
                self._notify_once(str(error))
        if damaged > self._damaged_rows:
            self._notify(f"records: {self._path()}: {damaged} rows are damaged, and are left out")
        self._damaged_rows = damaged
        return found

    def _connected(self) -> sqlite3.Connection:
        is_lost = self._database is not None and self._is_lost()
        if is_lost:
            self._disconnect()
        if self._database is None:
            self._database = record_file.opened(self._path())
            self._opened_file = os.stat(self._path())
            self._file_exists = True
        if is_lost:  # not before, because opening it may fail, which is told then
            self._notify(f"records: {self._path()}: the file was removed or emptied. A new one is begun")
        return self._database

    def _is_lost(self) -> bool:
        """Whether the path does not lead to the open file any more, or that is empty."""
        try:
            found = os.stat(self._path())
            return not found.st_size or self._opened_file is None or not os.path.samestat(found, self._opened_file)
        except FileNotFoundError:
            return True
        except OSError:
            return False

    def _give_up(self, error: Exception) -> bool:
        """Open the file anew at the next attempt. If it has been damaged since it was opened, begin a new file.

        Returns whether a new file is begun. That is told.
        """
        is_damaged = type(error) is sqlite3.DatabaseError and self._file_exists
        if "locked" not in str(error):
            self._disconnect()
        if is_damaged:
            aside = f"{self._path()}.damaged"
            with suppress(OSError):
                os.replace(self._path(), aside)
                self._file_exists = False
                self._notify(f"records: the damaged file is now {aside}. A new one is begun")
                return True
        return False

    def _disconnect(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _notify_once(self, problem: str) -> None:
        if not self._has_notified:
            self._has_notified = True
            self._notify(f"records: {self._path()}: {problem}")


class _Newest:
    """The newest records, within a limit of number and of bytes. Any thread may use it."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._records: deque[tuple[Record, int]] = deque()
        self._lock = threading.Lock()
        self.bytes = 0

    def add(self, record: Record) -> None:
        size = record.kept_bytes
        with self._lock:
            self._records.append((record, size))
            self.bytes += size
            self._drop()

    def put_back(self, records: list[Record]) -> None:
        """Add records that are older than the others."""
        with self._lock:
            for record in reversed(records):
                self._records.appendleft((record, record.kept_bytes))
                self.bytes += record.kept_bytes
            self._drop()

    def take(self, most_bytes: int) -> list[Record]:
        """Remove the oldest records and return them: at least one if there is one, but not more than these bytes."""
        taken: list[Record] = []
        with self._lock:
            while self._records and (not taken or self._records[0][1] <= most_bytes):
                record, size = self._records.popleft()
                self.bytes -= size
                most_bytes -= size
                taken.append(record)
        return taken

    def all(self) -> list[Record]:
        with self._lock:
            return [record for record, _ in self._records]

    def _drop(self) -> None:
        while len(self._records) > self._most or (self.bytes > self._most_bytes and len(self._records) > 1):
            self.bytes -= self._records.popleft()[1]
