"""One module a command: ``add_arguments(parser)`` and ``run(args) -> exit code``.

``args.out`` takes the answer (:class:`core.commands.output.Output`): ``document(value, text=…)``
once, ``line(value, text=…)`` where the contract says JSON lines, ``progress(text)`` on the way.
A failure is raised as a :class:`core.errors.CoreError`; the dispatcher words it.
"""
