"""What a release no longer brings: neither found nor sold, and not lost to those who bought it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kabinet.content.v1 import content_pb2 as pb
from kabinet.content.v1 import content_pb2_grpc
from pymongo.database import Database

from services.chassis.errors import Kind
from services.chassis.grpc_errors import RemoteError
from services.content.adapters.mongo_help_articles import MongoHelpArticleRepository
from services.content.adapters.mongo_offerings import MongoOfferingRepository
from services.content.adapters.morphology import MorphologicalLexicon
from services.content.config import load
from services.content.domain.content_order import ContentOrder
from services.content.domain.entitlement import Entitlement
from services.content.domain.help_article import HelpArticle, Language
from services.content.domain.offering import OfferingKind
from services.content.entrypoints.servicer import build_server
from tests.content.builders import A_MORNING, HERS, MARIA, make_offering, make_quote, make_rental
from tests.content.conftest import World

BOUGHT, RENTED = make_offering(), make_rental()
LEXICON = MorphologicalLexicon()


def _offerings(database: Database[Any]) -> MongoOfferingRepository:
    """Return the repository of one more process."""
    return MongoOfferingRepository(database, lexicon=LEXICON)


def _ids(offerings: MongoOfferingRepository, query: str = "", kind: OfferingKind | None = None) -> list[str]:
    found = offerings.find(LEXICON.wanted_words_of(query), kind=kind, limit=10, after=None)
    return [one.offering.offering_id for one in found]


def _article(slug: str) -> HelpArticle:
    return HelpArticle(
        slug=slug, language=Language.RU, title=f"Об оплате: {slug}", summary="", body_markdown="Оплата.", video_url=""
    )


class TestMongoOfferingRepository:
    def test_neither_finds_nor_sells_what_is_no_longer_brought(self, database: Database[Any]) -> None:
        offerings = _offerings(database)
        offerings.put([BOUGHT, RENTED])

        offerings.put([RENTED])

        assert offerings.get(BOUGHT.offering_id) is None
        assert _ids(offerings) == _ids(offerings, kind=OfferingKind.FILM) == [RENTED.offering_id]
        assert _ids(offerings, "москва") == []

    def test_shows_what_is_withdrawn_to_whoever_asks_for_it(self, database: Database[Any]) -> None:
        _offerings(database).put([BOUGHT, RENTED])
        offerings = _offerings(database)

        offerings.put([RENTED])

        assert offerings.get_even_withdrawn(BOUGHT.offering_id) == BOUGHT
        assert offerings.get_even_withdrawn("off_unknown") is None

    def test_a_process_of_the_former_release_that_starts_late_brings_nothing_back(
        self, database: Database[Any]
    ) -> None:
        newer, former = _offerings(database), _offerings(database)
        newer.put([RENTED])

        former.put([BOUGHT, RENTED])

        assert newer.get(BOUGHT.offering_id) is None
        assert _ids(newer) == [RENTED.offering_id]
        assert _ids(former) == [RENTED.offering_id, BOUGHT.offering_id]


class TestMongoHelpArticleRepository:
    def test_shows_no_article_that_is_no_longer_brought(self, database: Database[Any]) -> None:
        articles = MongoHelpArticleRepository(database, lexicon=LEXICON)
        kept, dropped = _article("kept"), _article("dropped")
        articles.put([kept, dropped])

        articles.put([kept])

        assert articles.get("dropped", language=Language.RU) is None
        assert articles.get("kept", language=Language.RU) == kept
        assert articles.find(LEXICON.wanted_words_of("оплата"), language=Language.RU, limit=10) == [kept]
        assert articles.find((), language=Language.RU, limit=10) == [kept]


def test_a_withdrawn_film_is_refused_and_stays_with_who_bought_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.accounts.links.add((MARIA, HERS))
    order = ContentOrder.by(make_quote(), now=A_MORNING)
    world.stores.entitlements.add(Entitlement.by(order, now=A_MORNING))
    _release_without(BOUGHT.offering_id, tmp_path, monkeypatch)
    newer = _started_anew(world)

    request = pb.CreateContentQuoteRequest(offering_id=BOUGHT.offering_id, billing_account_id=HERS)
    with pytest.raises(RemoteError) as refused:
        newer.ask(newer.stub.CreateContentQuote, request, subscriber=MARIA)
    entitlements = newer.ask(newer.stub.ListEntitlements, pb.ListEntitlementsRequest(), subscriber=MARIA).entitlements
    shown = newer.ask(newer.stub.GetOffering, pb.GetOfferingRequest(offering_id=BOUGHT.offering_id)).offering

    assert (refused.value.kind, refused.value.reason) == (Kind.NOT_FOUND, "OFFERING_NOT_FOUND")
    assert [one.offering_id for one in entitlements] == [BOUGHT.offering_id]
    assert shown.offering_id == BOUGHT.offering_id


def _release_without(offering_id: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the next start find the catalogue without one offering."""
    catalog = folder / "catalog"
    catalog.mkdir()
    for path in load().catalog_folder.glob("*.json"):
        brought = [entry for entry in json.loads(path.read_text()) if entry["offering_id"] != offering_id]
        (catalog / path.name).write_text(json.dumps(brought))
    monkeypatch.setenv("CATALOG_FOLDER", str(catalog))


def _started_anew(world: World) -> World:
    """Return the world as another gRPC server on the same database serves it."""
    address = world.neighbourhood.run(build_server(load(), world.stores))
    remote = world.neighbourhood.remote("content", address=address, caller="gateway")
    return replace(world, remote=remote, stub=content_pb2_grpc.ContentServiceStub(remote.channel))
