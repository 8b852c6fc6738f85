"""The command behind `make audit`: holds the books of acquirer, payments, accounts and regions against each other."""

import argparse
import json
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

from deploy.audit.commands import Service, local_now, local_services
from deploy.audit.comparison import confirmed, differences, items_of
from deploy.audit.reading import read_books
from deploy.audit.report import NOT_ALL_READ, Audit, as_json, as_text
from deploy.local.ports import DEFAULT_BASE
from deploy.local.suite import NotStarted


def main() -> int:
    """Print the report. The status is 0 when nothing differs, 1 when something does, 2 when a book was not read."""
    options = _parse()
    try:
        payments, accounts = _services(options)
    except NotStarted as refusal:
        print(f"audit: {refusal}", file=sys.stderr)
        return NOT_ALL_READ
    begins_at, ends_at = options.begins_at, options.ends_at or _now(options).isoformat(timespec="milliseconds")
    period = [*(["--from", begins_at] if begins_at else []), "--until", ends_at]
    books = read_books(payments=payments, accounts=accounts, period=period)
    items = items_of(books)
    found = differences(books, items)
    if found:
        books = read_books(payments=payments, accounts=accounts, period=period)
        items = items_of(books)
        found = confirmed(found, differences(books, items))
    in_words = f"from {begins_at or 'the first one'} until {ends_at}"
    audit = Audit(period=in_words, books=books, items=items, differences=found)
    print(json.dumps(as_json(audit), ensure_ascii=False, indent=2) if options.json else as_text(audit))
    return audit.status


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.audit", description=__doc__)
    parser.add_argument("--from", dest="begins_at", default="", help="of capture, 2026-11-01T00:00+0300; or the first")
    parser.add_argument("--until", dest="ends_at", default="", help="no part of the period; without it, now")
    parser.add_argument("--json", action="store_true", help="for a program; sums are kopecks")
    parser.add_argument("--run-dir", default=".run", help="folder of the local suite (default: .run)")
    parser.add_argument("--port-base", type=int, default=DEFAULT_BASE, help="first of its ports (default: 18000)")
    parser.add_argument("--payments", default="", help="elsewhere: 'kubectl exec ... -- python -m services.payments'")
    parser.add_argument("--accounts", default="", help="the same for accounts; both or none")
    options = parser.parse_args()
    if bool(options.payments) != bool(options.accounts):
        parser.error("--payments and --accounts go together")
    return options


def _services(options: argparse.Namespace) -> tuple[Service, Service]:
    if not options.payments:
        return local_services(run_dir=Path(options.run_dir), port_base=options.port_base)
    return Service(command=shlex.split(options.payments)), Service(command=shlex.split(options.accounts))


def _now(options: argparse.Namespace) -> datetime:
    """All books end at one moment, by the clock of the suite."""
    return datetime.now(UTC) if options.payments else local_now(Path(options.run_dir))


if __name__ == "__main__":
    sys.exit(main())
