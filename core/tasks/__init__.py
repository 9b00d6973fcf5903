"""Tasks as data: one YAML file a task, and the loader that refuses a wrong one.

>>> from core.tasks import load_task
>>> load_task("kidney_ct").class_names
('cyst', 'normal', 'stone', 'tumor')
"""

from core.tasks.loader import load_task, load_tasks
from core.tasks.spec import ClassSpec, SourceSpec, TaskSpec

__all__ = ["ClassSpec", "SourceSpec", "TaskSpec", "load_task", "load_tasks"]
