"""Composition of what regions tell by themselves: streams of their journals, and batches."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from services.accounts.adapters.mongo_wish_numbers import MongoWishNumbers
from services.accounts.application.change_number import ChangeNumber
from services.accounts.application.change_owner import ChangeOwner
from services.accounts.application.current_numbers import CurrentNumbers
from services.accounts.application.observe_balances import ObserveBalances
from services.accounts.application.store_bills import StoreBills
from services.accounts.application.store_records import StoreRecords
from services.accounts.application.stream_feed import OpenFeedStream, ReadFeedPosition
from services.accounts.application.take_feed import TakeBalances, TakeBills
from services.accounts.bootstrap_stores import Stores, move_links
from services.accounts.config import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedUseCases:
    """What RegionalFeedService answers with."""

    take_balances: TakeBalances
    take_bills: TakeBills
    open_stream: OpenFeedStream
    read_position: ReadFeedPosition
    idle_s: float
    threads: ThreadPoolExecutor

    def close(self) -> None:
        """End what works beside the calls."""
        self.threads.shutdown(cancel_futures=True)


def build_feed(settings: Settings, stores: Stores, /) -> FeedUseCases:
    """Return the use cases."""
    clock, current = stores.clock, CurrentNumbers(aliases=stores.aliases)
    threads = ThreadPoolExecutor(settings.feed_threads, thread_name_prefix="balances")
    observe = ObserveBalances(
        snapshots=stores.snapshots, accounts=stores.accounts, current=current, threads=threads, clock=clock
    )
    store_bills = StoreBills(bills=stores.bills, clock=clock)
    store_records = StoreRecords(
        journals=stores.journals,
        rejections=stores.rejections,
        observe_balances=observe,
        store_bills=store_bills,
        change_owner=ChangeOwner(snapshots=stores.snapshots, current=current),
        change_number=ChangeNumber(
            aliases=stores.aliases,
            accounts=stores.accounts,
            snapshots=stores.snapshots,
            wishes=MongoWishNumbers(stores.database),
            current=current,
            move_links=move_links(stores),
            clock=clock,
        ),
        clock=clock,
    )
    return FeedUseCases(
        take_balances=TakeBalances(observe=observe, clock=clock),
        take_bills=TakeBills(store=store_bills),
        open_stream=OpenFeedStream(journals=stores.journals, store=store_records),
        read_position=ReadFeedPosition(journals=stores.journals),
        idle_s=settings.feed_idle_s,
        threads=threads,
    )
