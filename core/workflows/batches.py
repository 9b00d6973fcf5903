"""Many files become cases in the background: watched, stopped, and finished whoever looks on.

Batches belong to the process, not to a session: a page that is reloaded finds its batch again. A
batch lets every other long computation go first. What was added is on the disk; what was not is
said, file by file. Where the server ended meanwhile, the next one says how far a batch was; its
files have to be handed over again, for nothing of a patient is written before it is a case.
"""

from __future__ import annotations

import functools
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.config import settings
from core.errors import CaseError, ModelVersionError
from core.jobs.process import ProcessMark, is_alive, own_mark
from core.persistence import batch_journal
from core.persistence.batch_journal import BatchJournal
from core.saliency.raw_maps import Watch
from core.workflows.adding_cases import AddedFile, CaseFacts, add_bytes, check_facts
from core.workflows.analyst import open_analyst
from core.workflows.background_desk import BackgroundDesk, Failure, Job, Progress
from core.workflows.users import Role, require

MAX_FILES = 200
MAX_MEGABYTES = 1024
MAX_BATCHES = 20


@dataclass(slots=True, eq=False)
class Batch:
    """Files that become cases.

    ``outcomes`` grows in the order of the files; a file's bytes are let go once it is done.
    """

    batch_id: str
    task: str
    said: CaseFacts
    n: int
    waiting: deque[tuple[str, bytes]] = field(repr=False)
    version_digest: str | None = None
    outcomes: list[AddedFile] = field(default_factory=list)
    begun_at: float = field(default_factory=time.time)

    @property
    def counts(self) -> dict[str, int]:
        """How many files were added, duplicate, refused, error."""
        return dict(Counter(item.status for item in list(self.outcomes)))

    def note(self) -> None:
        """Write down how far it is; of one that is done nothing stays."""
        if len(self.outcomes) == self.n:
            batch_journal.forget(self.batch_id)
            return
        mark, who = own_mark(), self.said.by
        told = (self.batch_id, self.task, who, self.n, self.counts, self.begun_at)
        batch_journal.keep(BatchJournal(*told, mark.pid, mark.started_at))


class BatchDesk:
    """The batches of the process; every method may be called from any thread."""

    def __init__(self) -> None:
        self._desk = BackgroundDesk()
        self._batches: dict[str, Batch] = {}
        self._lock = threading.Lock()

    def start(self, task: str, files: Sequence[tuple[str, bytes]], *, said: CaseFacts) -> Batch:
        """Begin to add files; returns at once.

        Raises
        ------
        CaseError
            If there are none or too many, nobody is named, or the date or the priority is none.
        RoleError
            If this one may not add cases.
        """
        check_facts(said)
        require(said.by, Role.READER)
        _check_files(files)
        batch = Batch(uuid.uuid4().hex[:12], task, said, len(files), deque(files))
        batch.note()
        with self._lock:
            self._batches[batch.batch_id] = batch
            for old in [key for key, item in self._batches.items() if not item.waiting]:
                if len(self._batches) > MAX_BATCHES:
                    del self._batches[old]
        self._go_on(batch)
        return batch

    def of_reader(self, reader: str) -> list[Batch]:
        """Return the batches of one person, the latest first: the names of files are theirs."""
        with self._lock:
            mine = [item for item in self._batches.values() if item.said.by == reader]
        return mine[::-1]

    def interrupted(self, reader: str) -> list[BatchJournal]:
        """Return one person's batches that a server left unfinished when it ended.

        What is done of them are cases; the bytes of the others are gone.
        """
        return [
            item
            for item in batch_journal.journals()
            if item.by == reader and not is_alive(ProcessMark(item.pid, item.started_at))
        ]

    def forget_interrupted(self, journal: BatchJournal) -> None:
        """Let go of what is known of a batch that a server left unfinished."""
        batch_journal.forget(journal.batch_id)

    def progress(self, batch: Batch) -> Progress | None:
        """Return how far a batch is; None when it is done, stopped or failed."""
        return self._desk.progress(batch.batch_id)

    def failure(self, batch: Batch) -> Failure | None:
        """Return why a batch ended before its last file; None where it did not."""
        found = self._desk.found(batch.batch_id)
        return found if isinstance(found, Failure) else None

    def cancel(self, batch: Batch) -> None:
        """Stop a batch; what is added stays added."""
        self._desk.cancel(batch.batch_id)

    def go_on(self, batch: Batch) -> None:
        """Go on with what is left of a batch that was stopped or failed."""
        self._desk.forget_failures([batch.batch_id])
        self._go_on(batch)

    def forget(self, batch: Batch) -> None:
        """Let go of a batch that is over: its list of files goes."""
        self.cancel(batch)
        batch_journal.forget(batch.batch_id)
        with self._lock:
            self._batches.pop(batch.batch_id, None)

    def wait(self, batch: Batch, seconds: float) -> bool:
        """Return when a batch is over, at the latest after so many seconds; say whether."""
        return self._desk.wait([batch.batch_id], seconds)

    def _go_on(self, batch: Batch) -> None:
        job = Job(
            "Adding cases", (batch.batch_id,), functools.partial(_work, batch), gives_way=True
        )
        self._desk.ask(batch.batch_id, [job], wanted=[batch.batch_id])


@functools.cache
def batch_desk() -> BatchDesk:
    """Return the batches of this process."""
    return BatchDesk()


def _work(batch: Batch, watch: Watch) -> Mapping[str, Any]:
    watch.say("Opening the model version")
    analyst = open_analyst(batch.task)
    batch.version_digest = batch.version_digest or analyst.digest
    if analyst.digest != batch.version_digest:
        raise ModelVersionError(
            "Another model version became the champion while this batch was being added.",
            remedy="Hand over the files that are left: the new version will answer them.",
        )
    watch.tell(len(batch.outcomes), batch.n)
    while batch.waiting:
        name, data = batch.waiting[0]
        batch.outcomes.append(add_bytes(analyst, data, said=batch.said, file=name))
        batch.waiting.popleft()
        batch.note()
        watch.tell(len(batch.outcomes), batch.n)
    return {batch.batch_id: True}


def _check_files(files: Sequence[tuple[str, bytes]]) -> None:
    if not files:
        raise CaseError("There is no file to add.", remedy="Choose some.")
    if len(files) > MAX_FILES:
        raise CaseError(
            f"These are {len(files)} files; a batch takes {MAX_FILES}.",
            remedy="Add them in parts, or use `python -m core cases add` for a folder.",
        )
    most, size = MAX_MEGABYTES << 20, sum(len(data) for _, data in files)
    if size > most:
        raise CaseError(
            f"These files hold {size >> 20} MB; a batch takes {MAX_MEGABYTES} MB.",
            remedy="Add them in parts.",
        )
    largest = settings().max_upload_mb << 20
    if any(len(data) > largest for _, data in files):
        raise CaseError(
            f"A file is larger than {settings().max_upload_mb} MB.",
            remedy="Leave it out, or raise SECOND_LOOK_MAX_UPLOAD_MB.",
        )
