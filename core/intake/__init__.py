r"""Intake: bytes to :class:`~core.domain.StudyImage`, or one sentence that says why not.

>>> from core.intake import read_study, sniff
>>> sniff(b"\xff\xd8\xff\xe0").value
'jpeg'
"""

from core.intake.intended_use import check_intended_use
from core.intake.quality import measure_quality
from core.intake.read import read_study
from core.intake.sniff import sniff

__all__ = ["check_intended_use", "measure_quality", "read_study", "sniff"]
