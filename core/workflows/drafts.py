"""What a reader has begun to say of a case: kept on the server until the verdict is saved."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from core.persistence import drafts


@dataclass(frozen=True, slots=True)
class Draft:
    """A verdict that is not saved; ``verdict`` and ``confidence`` None where not chosen yet."""

    verdict: str | None = None
    confidence: float | None = None
    comment: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said yet."""
        return self.verdict is None and self.confidence is None and not self.comment


def find_draft(reader: str, case_id: str) -> Draft:
    """Return what a reader began to say of a case; an empty draft where nothing was."""
    found = drafts.find(reader, case_id)
    verdict, confidence, comment = (
        found.get(name) for name in ("verdict", "confidence", "comment")
    )
    return Draft(
        verdict if isinstance(verdict, str) else None,
        float(confidence) if isinstance(confidence, int | float) else None,
        comment if isinstance(comment, str) else "",
    )


def keep_draft(reader: str, case_id: str, draft: Draft) -> None:
    """Keep a draft; an empty one is forgotten.

    Raises
    ------
    PersistenceError
        If it was not kept.
    """
    if draft.is_empty:
        drafts.forget(reader, case_id)
    else:
        drafts.keep(reader, case_id, asdict(draft))


def forget_draft(reader: str, case_id: str) -> None:
    """Remove a draft, for the verdict is saved; and those that nobody touched for 30 days."""
    drafts.forget(reader, case_id)
    drafts.sweep()
