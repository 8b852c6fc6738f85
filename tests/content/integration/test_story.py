"""The service on real servers: found by any form of a word, quoted, ordered, billed once; help beside it."""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from kabinet.content.v1 import content_pb2 as pb

from services.chassis.errors import Kind
from services.chassis.events import encode
from services.chassis.grpc_errors import RemoteError
from services.chassis.publisher import OutgoingMessage, Publisher, exchange_of
from services.content.config import load
from services.content.entrypoints.servicer import build_server
from tests.content.builders import HERS, HIS, IVAN, MARIA
from tests.content.conftest import World, refusal
from tests.support import eventually
from tests.support.servers import Server

PURCHASE, RENTAL, ADULT = "off_moscow-no-tears", "off_irony-of-fate", "off_night-shift"


@pytest.fixture(autouse=True)
def _links(request: pytest.FixtureRequest) -> None:
    world: World = request.getfixturevalue("world")
    world.accounts.links |= {(MARIA, HERS), (IVAN, HIS)}


def titles(world: World, query: str = "", **fields: Any) -> list[str]:
    answer = world.ask(world.stub.SearchOfferings, pb.SearchOfferingsRequest(query=query, **fields))
    return [offering.title for offering in answer.offerings]


def quote(
    world: World, offering_id: str = PURCHASE, *, subscriber: str = MARIA, account: str = HERS, **fields: Any
) -> str:
    request = pb.CreateContentQuoteRequest(offering_id=offering_id, billing_account_id=account, **fields)
    answer = world.ask(world.stub.CreateContentQuote, request, subscriber=subscriber)
    return str(answer.content_quote.content_quote_id)


def order(world: World, quote_id: str, *, subscriber: str = MARIA) -> pb.ContentOrder:
    request = pb.CreateContentOrderRequest(content_quote_id=quote_id)
    made: pb.ContentOrder = world.ask(world.stub.CreateContentOrder, request, subscriber=subscriber).content_order
    return made


def order_of(world: World, order_id: str, *, subscriber: str = MARIA) -> pb.ContentOrder:
    request = pb.GetContentOrderRequest(content_order_id=order_id)
    found: pb.ContentOrder = world.ask(world.stub.GetContentOrder, request, subscriber=subscriber).content_order
    return found


def entitlements(world: World, subscriber: str = MARIA) -> list[pb.Entitlement]:
    return list(
        world.ask(world.stub.ListEntitlements, pb.ListEntitlementsRequest(), subscriber=subscriber).entitlements
    )


def articles(world: World, query: str, language: str = "ru") -> list[str]:
    request = pb.SearchHelpArticlesRequest(query=query, language=language)
    return [article.slug for article in world.ask(world.stub.SearchHelpArticles, request).articles]


def refused(call: Any) -> tuple[str, str]:
    with pytest.raises(RemoteError) as caught:
        call()
    return caught.value.kind.name, caught.value.reason


def test_finds_titles_by_any_form_of_their_words_best_first(world: World) -> None:
    irony = "Ирония судьбы, или С лёгким паром!"
    for query in ["иронии", "судьбою", "Ирония судьбы", "лёгкого пара", "легкому пару", "СУДЕБ ирония"]:
        assert titles(world, query)[0] == irony, query
    for query in ["звезды", "звёзды", "звездой", "звезд"]:
        assert titles(world, query)[0] == "Звёзды над тайгой", query
    for query, title in [
        ("братом", "Брат снега"),
        ("псы", "Собачье сердце"),
        ("сердец", "Собачье сердце"),
        ("белого солнца", "Белое солнце пустыни"),
        ("москвой", "Москва слезам не верит"),
        ("слеза", "Москва слезам не верит"),
        ("вокзалы", "Вокзал для двоих"),
        ("фильм про двенадцать стула", "Двенадцать стульев"),
        ("шерлок", "Приключения Шерлока Холмса и доктора Ватсона"),
        ("мушкетеры", "Д’Артаньян и три мушкетёра"),
        ("детей капитан", "Дети капитана"),
    ]:
        assert titles(world, query)[0] == title, query


def test_puts_a_word_in_the_title_before_one_in_the_description(world: World) -> None:
    found = titles(world, "любовь")

    assert set(found[:2]) == {"Любовь и голуби", "Формула любви"}
    assert "Служебный роман" in found


def test_finds_nothing_for_what_is_not_there(world: World) -> None:
    assert titles(world, "электрификация") == []
    assert titles(world, "…!?") == []
    assert titles(world, "$where {'$ne': 1} $title_terms") == []


def test_lists_everything_by_title_page_by_page(world: World) -> None:
    found, token = [], ""
    while True:
        request = pb.SearchOfferingsRequest(page_size=25, page_token=token)
        answer = world.ask(world.stub.SearchOfferings, request)
        found += [offering.title for offering in answer.offerings]
        token = answer.next_page_token
        if not token:
            break

    assert len(found) == len(set(found)) == world.database["offerings"].count_documents({})
    assert found == sorted(found, key=lambda title: title.lower().replace("ё", "е"))


def test_turns_pages_of_a_search_without_missing_or_repeating(world: World) -> None:
    everything = titles(world, "песни", page_size=100)
    first = world.ask(world.stub.SearchOfferings, pb.SearchOfferingsRequest(query="песни", page_size=3))
    token = first.next_page_token

    rest = titles(world, "песни", page_size=100, page_token=token)

    assert len(everything) > 3
    assert [offering.title for offering in first.offerings] + rest == everything


def test_narrows_to_a_kind(world: World) -> None:
    request = pb.SearchOfferingsRequest(kind=pb.OFFERING_KIND_MUSIC, page_size=100)

    answer = world.ask(world.stub.SearchOfferings, request)

    assert {offering.kind for offering in answer.offerings} == {pb.OFFERING_KIND_MUSIC}
    assert titles(world, "иронии", kind=pb.OFFERING_KIND_MUSIC) == []


def test_takes_the_catalogue_over_at_each_start_without_doubling_it(world: World) -> None:
    before = world.database["offerings"].count_documents({})
    world.database["offerings"].update_one({"_id": RENTAL}, {"$set": {"title": "Другое"}})

    build_server(load(), world.stores).stop(grace_s=0)

    assert world.database["offerings"].count_documents({}) == before
    assert titles(world, "иронии") == ["Ирония судьбы, или С лёгким паром!"]


@pytest.mark.usefixtures("dispatcher")
def test_sells_an_offering_from_the_search_to_the_entitlement(world: World) -> None:
    made = order(world, quote(world))
    again = order(world, "quo_" + made.content_order_id.removeprefix("ord_"))

    eventually(lambda: order_of(world, made.content_order_id).state == pb.CONTENT_ORDER_STATE_COMPLETED)

    assert again.content_order_id == made.content_order_id
    assert order_of(world, made.content_order_id).price.amount_minor == 24900
    (charge,) = world.accounts.ledger.values()
    assert (charge.charge_id, charge.amount.amount_minor, charge.billing_account_id) == (
        made.content_order_id,
        24900,
        HERS,
    )
    assert "Москва слезам не верит" in charge.description
    (entitlement,) = entitlements(world)
    assert (entitlement.offering_id, entitlement.title) == (PURCHASE, "Москва слезам не верит")
    assert not entitlement.HasField("ends_at")
    assert refused(lambda: order(world, quote(world))) == ("FAILED_PRECONDITION", "ALREADY_ENTITLED")


@pytest.mark.usefixtures("dispatcher")
@pytest.mark.parametrize("reason", ["INSUFFICIENT_FUNDS", "ACCOUNT_CLOSED"])
def test_says_why_the_region_refuses_and_bills_nothing(world: World, reason: str) -> None:
    world.accounts.before_billing = [refusal(Kind.FAILED_PRECONDITION, reason)]

    made = order(world, quote(world, RENTAL))
    eventually(lambda: order_of(world, made.content_order_id).state == pb.CONTENT_ORDER_STATE_REFUSED)

    assert order_of(world, made.content_order_id).refusal_reason == reason
    assert entitlements(world) == []
    assert world.accounts.ledger == {}


@pytest.mark.usefixtures("dispatcher")
def test_bills_once_when_the_answer_of_the_region_gets_lost(world: World) -> None:
    world.accounts.after_billing = [refusal(Kind.UNAVAILABLE, "REGION_UNAVAILABLE")]

    made = order(world, quote(world, RENTAL))
    eventually(lambda: order_of(world, made.content_order_id).state == pb.CONTENT_ORDER_STATE_COMPLETED)

    assert len(world.accounts.ledger) == 1
    assert len(entitlements(world)) == 1


def test_shows_what_is_another_subscriber_s_exactly_as_absent(world: World) -> None:
    hers = quote(world)
    made = order(world, hers)

    absent_quote = refused(lambda: order(world, "quo_" + "0" * 32, subscriber=IVAN))
    absent_order = refused(lambda: order_of(world, "ord_" + "0" * 32, subscriber=IVAN))

    assert absent_quote == ("NOT_FOUND", "CONTENT_QUOTE_NOT_FOUND")
    assert absent_order == ("NOT_FOUND", "CONTENT_ORDER_NOT_FOUND")
    assert refused(lambda: order(world, hers, subscriber=IVAN)) == absent_quote
    assert refused(lambda: order_of(world, made.content_order_id, subscriber=IVAN)) == absent_order
    assert refused(lambda: quote(world, account=HIS)) == ("NOT_FOUND", "BILLING_ACCOUNT_NOT_FOUND")
    assert entitlements(world, IVAN) == []


def test_sells_what_is_marked_18_to_those_who_say_they_are(world: World) -> None:
    assert refused(lambda: quote(world, ADULT)) == ("FAILED_PRECONDITION", "AGE_NOT_CONFIRMED")
    assert quote(world, ADULT, adult=True).startswith("quo_")


def test_refuses_what_the_contract_does_not_know(world: World) -> None:
    def search(**fields: Any) -> Any:
        return world.ask(world.stub.SearchOfferings, pb.SearchOfferingsRequest(**fields))

    def article(slug: str, language: str) -> Any:
        return world.ask(world.stub.GetHelpArticle, pb.GetHelpArticleRequest(slug=slug, language=language))

    assert refused(lambda: search(query="я" * 201)) == ("INVALID", "QUERY_TOO_LONG")
    assert refused(lambda: search(kind=99)) == ("INVALID", "FIELD_INVALID")
    for token in ["%", "WyJhIl0", "WyJhIiwiYiIsImMiXQ"]:
        assert refused(lambda token=token: search(page_token=token)) == ("INVALID", "PAGE_TOKEN_INVALID")
    assert refused(lambda: quote(world, "off_unknown")) == ("NOT_FOUND", "OFFERING_NOT_FOUND")
    assert refused(lambda: article("unknown", "ru")) == ("NOT_FOUND", "HELP_ARTICLE_NOT_FOUND")
    assert refused(lambda: article("login", "de")) == ("INVALID", "FIELD_INVALID")
    assert refused(lambda: articles(world, "я" * 201)) == ("INVALID", "QUERY_TOO_LONG")
    unknown = pb.GetOfferingRequest(offering_id="off_unknown")
    assert refused(lambda: world.ask(world.stub.GetOffering, unknown)) == ("NOT_FOUND", "OFFERING_NOT_FOUND")


def test_finds_help_by_what_people_ask(world: World) -> None:
    for query, slug in [
        ("почему не прошёл платёж", "payment-declined"),
        ("привязать лицевого счёта", "attach-account"),
        ("электронные счета", "e-bill"),
        ("забыла пароли", "login"),
        ("автоплатежом", "autopay"),
    ]:
        assert slug in articles(world, query)[:3], query
    for query, slug in [("declined payments", "payment-declined"), ("registering", "registration")]:
        assert slug in articles(world, query, "en")[:3], query


def test_shows_articles_in_lists_without_and_alone_with_their_text(world: World) -> None:
    listed = world.ask(world.stub.SearchHelpArticles, pb.SearchHelpArticlesRequest()).articles
    alone = world.ask(world.stub.GetHelpArticle, pb.GetHelpArticleRequest(slug="login", language="en")).article

    assert len(listed) == 13
    assert {article.body_markdown for article in listed} == {""}
    assert alone.body_markdown.startswith("## Signing in")


@pytest.fixture
def worker(world: World, tmp_path: Path) -> Iterator[Server]:
    """The worker as a process of its own."""
    root = Path(__file__).parents[3]
    server = Server(
        [sys.executable, "-m", "services.content", "worker"],
        log=tmp_path / "worker.log",
        environment={**world.environment, "PYTHONPATH": f"{root}{os.pathsep}{root / 'protos/gen/python'}"},
    )
    server.start()
    yield server
    server.stop()


def test_ends_open_quotes_when_the_broker_tells_of_an_ended_link(world: World, worker: Server, tmp_path: Path) -> None:
    open_quote = quote(world)
    publisher = Publisher(world.environment["AMQP_URL"], exchange=exchange_of("accounts"))
    name = "accounts.billing_account_unlinked.v1"
    data = {"billing_account_id": HERS, "subscriber_id": MARIA, "unlinked_at": "2026-11-22T09:30:00.000Z"}
    entry = {"_id": "evt_1", "name": name, "aggregate_id": "x", "occurred_at": datetime.now(UTC), "data": data}

    def is_ended() -> bool:
        """Say it each time: what comes before the queue is bound is lost, what comes twice is known."""
        assert publisher.publish([OutgoingMessage(message_id="evt_1", name=name, body=encode(entry))])
        stored = world.database["content_quotes"].find_one({"_id": open_quote})
        return bool(stored and stored["ended_at"])

    eventually(is_ended, timeout_s=90, every_s=0.3)
    publisher.close()

    assert refused(lambda: order(world, open_quote)) == ("FAILED_PRECONDITION", "CONTENT_QUOTE_EXPIRED")
    assert worker.is_running()
