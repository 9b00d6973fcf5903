"""Triggers that let a table only grow: for the revisions that make such a table."""

from __future__ import annotations

from alembic import op

_SAID = "rows of {table} are never changed or deleted"


def forbid_changes(table: str, *, unique: tuple[str, ...] = ()) -> None:
    """Make every UPDATE and DELETE on a table fail, also one that hides in a REPLACE.

    ``unique`` names columns beside sequence and key by which a REPLACE finds the row to remove.
    On a server that is not PostgreSQL the rights of the account have to do it.
    """
    columns = ("sequence", "key", *unique)
    is_there = " OR ".join(f"{name} = NEW.{name}" for name in columns)
    dialect = op.get_bind().dialect.name
    said = _SAID.format(table=table)
    if dialect == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{said}'); END"
            )
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {is_there}) "
            f"BEGIN SELECT RAISE(ABORT, '{said}'); END"
        )
    elif dialect == "postgresql":
        op.execute(
            f"CREATE FUNCTION {table}_stays() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{said}'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_stays()"
        )
