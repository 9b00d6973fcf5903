"""Who may do what, where people log in: the roles, and giving one."""

from __future__ import annotations

import argparse

from core.workflows.users import NO_ROLE, Role, account, give_role, list_roles


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``users``."""
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
    parts.add_parser("list", help="every name with its role", allow_abbrev=False)
    give = parts.add_parser("set", help="give a role, or take it away", allow_abbrev=False)
    give.add_argument("name", metavar="NAME", help="of the login, as the page shows it")
    give.add_argument("role", metavar="ROLE", choices=[*Role, NO_ROLE])
    give.add_argument(
        "--by", metavar="WHO", default=account(), help="who gives it; your account otherwise"
    )


def run(args: argparse.Namespace) -> int:
    """List the roles, or give one and show it."""
    if args.part == "set":
        given = give_role(args.name, args.role, by=args.by)
        args.out.document(given, text=f"{given.name}: {given.role}")
        return 0
    roles = list_roles()
    lines = [f"{item.name}: {item.role} (by {item.given_by})" for item in roles]
    args.out.document(roles, text="\n".join(lines) or "Nobody has a role.")
    return 0
