"""A PostgreSQL server for tests: found, started in a folder by an ordinary user, stopped.

It listens on a socket in that folder and on no network address.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

DRIVER = "psycopg"
_PROGRAMS = ("initdb", "pg_ctl", "postgres")
_ACCOUNTS = ("postgres", "nobody")  # the server refuses to run as root


def find_postgres() -> Path | None:
    """Return the folder of the server's programs; None where a program or the driver is missing."""
    if importlib.util.find_spec(DRIVER) is None:
        return None
    return find_programs()


def find_programs() -> Path | None:
    """Return the folder of the server's programs, of Debian's packages or on the path."""
    on_path = shutil.which("postgres")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: p.parent.name)
    folders = [*debian[::-1], *([Path(on_path).parent] if on_path else [])]
    for folder in folders:
        if all((folder / name).exists() for name in _PROGRAMS):
            return folder
    return None


@contextmanager
def running_server(programs: Path) -> Iterator[Path]:
    """Start a server and give the folder of its socket; stop it and remove everything at the end.

    Durability is off: what a test stores need not outlive the machine.
    """
    folder = Path(tempfile.mkdtemp(prefix="second-look-pg-"))
    account = _account()
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)

    def run(*words: str) -> None:
        identity = {}
        if account is not None:
            identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        with (folder.parent / f"{folder.name}.log").open("ab") as log:
            subprocess.run(
                words, check=True, cwd=folder, stdout=log, stderr=log, timeout=120, **identity
            )

    data, log = str(folder / "data"), str(folder / "server.log")
    try:
        run(
            str(programs / "initdb"), "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8",
            "--locale=C", "--no-sync",
        )  # fmt: skip
        told = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=30"
        run(str(programs / "pg_ctl"), "-D", data, "-l", log, "-o", told, "-w", "start")
        yield folder
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            run(str(programs / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)
        (folder.parent / f"{folder.name}.log").unlink(missing_ok=True)


def address(socket: Path, name: str) -> str:
    """Return SQLAlchemy's address of a database of the server."""
    return f"postgresql+{DRIVER}://tester@/{name}?host={quote(str(socket), safe='')}"


def _account() -> pwd.struct_passwd | None:
    """Return an account without rights where this process is root, else None: stay who we are."""
    if os.geteuid() != 0:
        return None
    for name in _ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise OSError(f"None of the accounts {', '.join(_ACCOUNTS)} exists.")
