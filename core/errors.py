"""The errors we understand: what happened, with the value, and what to do next.

Pages and the command line catch :class:`CoreError` and nothing wider. Anything else is a fault
of ours: it goes to the log, never to the screen.
"""

from __future__ import annotations


class CoreError(Exception):
    """A failure we understand.

    Parameters
    ----------
    problem : str
        One sentence: what happened, with the offending value.
    remedy : str
        One sentence: what the person should do next.
    row : int or None
        Line of the offending file (header = 1), where the failure has one.
    column : str or None
        Name of the offending column or key, where the failure has one.
    """

    def __init__(
        self,
        problem: str,
        *,
        remedy: str,
        row: int | None = None,
        column: str | None = None,
    ) -> None:
        super().__init__(f"{problem} {remedy}".strip())
        self.problem = problem
        self.remedy = remedy
        self.row = row
        self.column = column


class SettingsError(CoreError):
    """A setting is unknown or has a value that cannot be used."""


class TaskError(CoreError):
    """A task file is wrong, or the task asked for does not exist."""


class IntakeError(CoreError):
    """A file cannot be read as one picture (missing, truncated, not an image, which frame?)."""


class OutsideUseError(CoreError):
    """A readable picture lies outside what the model may judge (modality, blank, too small)."""


class RecipeError(CoreError):
    """A preprocessing step is unknown or was given a picture it cannot work on."""


class DatasetError(CoreError):
    """A data folder, its table or its split is wrong."""


class ModelVersionError(CoreError):
    """No usable model version: not installed, damaged, changed or inconsistent."""


class ModelMissingError(ModelVersionError):
    """No such model version is installed at all: nothing is damaged, nothing was refused."""


class ChampionError(ModelVersionError):
    """Which version answers by default cannot be known, or the one that was promoted is away."""


class EvaluationError(CoreError):
    """A predictions table or evaluation run is wrong."""


class PersistenceError(CoreError):
    """The database cannot be read or written (locked, read-only, full, damaged): nothing stored."""


class ConflictError(PersistenceError):
    """Somebody else decided meanwhile: nothing was overwritten, and the text is still here."""


class RoleError(PersistenceError):
    """Whoever acts may not do this: nothing was stored, and the attempt was."""


class CaseError(CoreError):
    """There is no such case, or what was said of it cannot be taken as a verdict."""


class ReportError(CoreError):
    """A report's parts do not belong together, or it cannot be written in the form asked for."""


class PhantomError(CoreError):
    """A drawing was asked for that does not exist."""


class TrainingError(CoreError):
    """A training run cannot start or cannot go on."""


class JobError(CoreError):
    """Long work cannot be started, stopped or kept: no room, no right, or it runs already."""


class EnsembleError(TrainingError):
    """Versions cannot be made one: they were not judged on the same footing."""


class ArgumentError(CoreError):
    """The command line was given arguments that do not fit together."""


class ExplanationError(CoreError):
    """An explanation cannot be computed: the layer is not there, or its process ended."""


class ChannelOffError(ExplanationError):
    """Nothing that is drawn changes a channel: there is no picture that excites it."""


class CancelledError(CoreError):
    """A person stopped a long computation; nothing is wrong and nothing was stored."""
