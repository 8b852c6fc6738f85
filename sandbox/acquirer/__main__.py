"""`python -m sandbox.acquirer`: settings in, everything wired, served until a signal."""

from sandbox.acquirer.api import Api
from sandbox.acquirer.app import build_app
from sandbox.acquirer.binder import Binder
from sandbox.acquirer.binding_pages import BindingPages
from sandbox.acquirer.books import Books
from sandbox.acquirer.cash_register import CashRegister
from sandbox.acquirer.cashier import Cashier
from sandbox.acquirer.checkout import Checkout
from sandbox.acquirer.config import Settings
from sandbox.acquirer.control import Control
from sandbox.acquirer.deliverer import Deliverer
from sandbox.acquirer.housekeeping import Housekeeping
from sandbox.acquirer.pages import Pages
from sandbox.acquirer.schema import SCHEMA
from sandbox.chassis import json_log
from sandbox.chassis.clock import Clock
from sandbox.chassis.serving import build_server, serve_until_signal
from sandbox.chassis.sqlite import Database


def main() -> None:
    """Run the acquirer. Without a webhook URL notifications are kept in the queue, unsent."""
    settings = Settings.from_environment()
    json_log.configure(program="acquirer", level=settings.log_level)
    clock = Clock(settings.clock_file)
    database = Database(settings.acquirer_database, schema=SCHEMA)
    books = Books(shop_id=settings.acquirer_shop_id, public_url=settings.public_url)
    checkout = Checkout(database=database, books=books, clock=clock, pending_s=settings.acquirer_pending_s)
    binder = Binder(database=database, clock=clock, shop_id=settings.acquirer_shop_id, public_url=settings.public_url)
    cash_register = CashRegister(database=database, clock=clock, pending_s=settings.acquirer_pending_s)
    deliverer = (
        Deliverer(database=database, url=settings.acquirer_webhook_url) if settings.acquirer_webhook_url else None
    )
    wake = deliverer.wake if deliverer else lambda: None
    housekeeping = Housekeeping(
        database=database, books=books, binder=binder, cash_register=cash_register, clock=clock, on_change=wake
    )
    app = build_app(
        database=database,
        api=_build_api(settings, database, books, binder, cash_register, clock),
        pages=[Pages(checkout=checkout).blueprint(), BindingPages(binder=binder).blueprint()],
        control=Control(database=database, books=books, checkout=checkout, binder=binder),
        on_answer=wake,
    )
    server = build_server(app, listen=settings.acquirer_listen, threads=settings.acquirer_threads)

    def stop() -> None:
        housekeeping.stop()
        if deliverer:
            deliverer.stop()

    housekeeping.start()
    if deliverer:
        deliverer.start()
    serve_until_signal(server, on_stop=stop)


def _build_api(
    settings: Settings, database: Database, books: Books, binder: Binder, cash_register: CashRegister, clock: Clock
) -> Api:
    return Api(
        database=database,
        books=books,
        cashier=Cashier(books=books, pending_s=settings.acquirer_pending_s),
        binder=binder,
        cash_register=cash_register,
        clock=clock,
        shop_id=settings.acquirer_shop_id,
        secret_key=settings.acquirer_secret_key,
        hold_s=settings.acquirer_hold_s,
    )


if __name__ == "__main__":
    main()
