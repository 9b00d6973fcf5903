"""The repository of roles: who was given which one, by whom; the latest row of a name is in force.

Every change is a row of the audit chain in the same transaction, and `audit verify` knows the
table: a role that was written past the product is noticed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.persistence.case_tables import user_role
from core.persistence.chain import recording
from core.persistence.database import Database, database


@dataclass(frozen=True, slots=True)
class GivenRole:
    """A role that was given to a name (lower case); ``role`` "none" takes it away."""

    name: str
    role: str
    given_by: str
    given_at: datetime


class UserStore:
    """Roles of one database."""

    def __init__(self, where: Database) -> None:
        self._database = where

    def give(self, name: str, role: str, *, by: str) -> None:
        """Give a role; one that the name has already is not stored again.

        Raises
        ------
        PersistenceError
            If it was not stored.
        """
        with recording(self._database) as recorder:
            known = recorder.connection.execute(_latest_of(name)).mappings().first()
            if known is not None and known["role"] == role:
                return
            row = {"name": name, "role": role, "given_by": by.strip(), "given_at": recorder.now}
            recorder.store(user_role, row, action="role_given", who=by)

    def role_of(self, name: str) -> str | None:
        """Return the role in force of a name; None where it never had one."""
        with self._database.reading() as connection:
            row = connection.execute(_latest_of(name)).mappings().first()
        return None if row is None else str(row["role"])

    def roles(self) -> list[GivenRole]:
        """Return the role in force of every name, in the order of the names."""
        newest = sa.select(sa.func.max(user_role.c.sequence)).group_by(user_role.c.name)
        found = (
            sa.select(user_role).where(user_role.c.sequence.in_(newest)).order_by(user_role.c.name)
        )
        with self._database.reading() as connection:
            return [
                GivenRole(row["name"], row["role"], row["given_by"], row["given_at"])
                for row in connection.execute(found).mappings()
            ]

    def note_refusal(self, *, who: str, needed: str, has: str | None) -> None:
        """Write into the chain that somebody tried what the role does not allow."""
        with recording(self._database) as recorder:
            recorder.append("not_allowed", who=who, facts={"needed": needed, "has": has})


def user_store() -> UserStore:
    """Return the repository of the current settings."""
    return UserStore(database())


def _latest_of(name: str) -> sa.Select[tuple[object, ...]]:
    newest = user_role.c.sequence.desc()
    return sa.select(user_role).where(user_role.c.name == name).order_by(newest).limit(1)
