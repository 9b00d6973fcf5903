"""Cases and reads for tests, without a picture behind them."""

from __future__ import annotations

from core.persistence.case_records import Case, CaseAnswer, CaseRead

CLASSES = ("cyst", "normal", "stone", "tumor")


def case(number: int, **changes) -> Case:
    values = {
        "case_id": f"c{number:016x}",
        "task": "kidney_ct",
        "pseudonym": f"P{number // 3}",
        "picture_sha256": f"{number:064x}",
        "picture": {"rows": 4, "columns": 4, "pixel_spacing_mm": (0.5, 1.0)},
        "added_by": "A. Reader",
    }
    return Case(**(values | changes))


def answer(number: int, *, stone: float | None = 0.75, **changes) -> CaseAnswer:
    is_ok = stone is not None
    found = None if stone is None else dict.fromkeys(CLASSES, 0.0)
    if found is not None:
        found |= {"stone": stone, "normal": 1 - stone}
    values = {
        "case_id": f"c{number:016x}",
        "status": "ok" if is_ok else "refused",
        "reason": None if is_ok else "This is no CT.",
        "model_version": "small-1",
        "version_digest": "d1",
        "calibrator": {"method": "temperature", "temperature": 1.5},
        "operating_points": {"stone": 0.31},
        "gate": {"inside": is_ok, "distance": 1.0, "threshold": 2},
        "probabilities": found,
        "predicted": None if stone is None else ("stone" if stone > 0.5 else "normal"),
        "flagged": ("stone",) if is_ok else (),
        "risk": stone,
        "uncertainty": None if stone is None else 1 - abs(2 * stone - 1),
        "steps": {"applied": [], "left_out": []},
        "answered_by": "A. Reader",
    }
    return CaseAnswer(**(values | changes))


def read(number: int, **changes) -> CaseRead:
    values = {
        "case_id": f"c{number:016x}",
        "reader": "A. Reader",
        "verdict": "stone",
        "confidence": 1,
        "comment": "2 mm",
    }
    return CaseRead(**(values | changes))
