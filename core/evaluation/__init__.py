"""Evaluation: from stored predictions to figures with intervals; functions from arrays to values.

``runs`` holds the stored value, ``predictions`` reads anybody's table, ``figures`` and ``evaluate``
make the numbers, ``frames`` what a page shows. What they rest on: ``confusion``, ``rates``,
``intervals``, ``ranking``, ``calibration_error``, ``bootstrap``, ``groups``.
"""
