"""Importers: from a folder as public sets are published to a data folder as docs/data.md has it.

A layout is a module with ``read(scan, names)``; ``layouts`` is their table.
"""
