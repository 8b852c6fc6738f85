"""What holds for every answer: headers, and refusing early when too much is under way."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import grpc
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from kabinet.content.v1 import content_pb2

from gateway.app import create_app
from gateway.config import Settings
from gateway.shedding import UnderWay
from tests.gateway.browser import json_of
from tests.gateway.services_script import Services
from tests.gateway.whole_world import script_everything
from tests.support import eventually


@pytest.mark.parametrize(
    "address",
    ["/", "/login", "/nothing", "/api/v1/nothing", "/api/v1/profile", "/healthz", "/static/cabinet.css", "/payments"],
)
def test_every_answer_carries_the_security_headers(api: FlaskClient, services: Services, address: str) -> None:
    script_everything(services)

    answer = api.get(address)
    headers = answer.headers
    answer.close()

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "form-action 'self' https://acquirer.example" in policy
    assert headers["Strict-Transport-Security"].startswith("max-age=")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert len(headers["X-Request-Id"]) == 32


def test_what_is_personal_is_kept_by_no_cache(api: FlaskClient, services: Services, bearer: dict[str, str]) -> None:
    script_everything(services)

    assert api.get("/api/v1/profile", headers=bearer).headers["Cache-Control"] == "no-store"


def test_a_request_id_of_the_client_is_not_believed(api: FlaskClient) -> None:
    assert api.get("/healthz", headers={"X-Request-Id": "mine"}).headers["X-Request-Id"] != "mine"


def test_is_ready_whether_or_not_a_service_answers(api: FlaskClient, services: Services) -> None:
    services.take_down("content")
    try:
        assert json_of(api.get("/readyz")) == {"status": "ready"}
    finally:
        services.bring_back("content")


def test_payments_keep_a_share_that_browsing_cannot_take() -> None:
    under_way = UnderWay(most=10)

    browsing = [under_way.enter("catalogue") for _ in range(8)]
    general = [under_way.enter("general") for _ in range(8)]
    money = [under_way.enter("money") for _ in range(8)]

    assert (sum(browsing), sum(general), sum(money)) == (5, 3, 2)


@given(st.lists(st.sampled_from(["money", "general", "catalogue", "leave"]), max_size=60))
def test_never_counts_more_than_there_is_room_for(moves: list[str]) -> None:
    under_way, inside = UnderWay(most=4), 0

    for move in moves:
        if move != "leave":
            inside += under_way.enter(move)
        elif inside:
            under_way.leave()
            inside -= 1
        assert 0 <= inside <= 4

    for _ in range(inside):
        under_way.leave()
    assert under_way.enter("catalogue")


@pytest.fixture
def small(settings: Settings) -> Flask:
    app = create_app(settings.model_copy(update={"max_under_way": 4}))
    clients = app.extensions["kabinet"].clients
    for remote in (clients.content.remote, clients.payments.remote):
        grpc.channel_ready_future(remote.channel).result(timeout=30)
    return app


def test_refuses_browsing_quickly_while_payments_still_get_through(
    small: Flask, services: Services, bearer: dict[str, str]
) -> None:
    script_everything(services)
    released = Event()

    def hang(_request: object) -> content_pb2.SearchOfferingsResponse:
        released.wait(5)
        return content_pb2.SearchOfferingsResponse()

    services.scripted["content"].scripts["SearchOfferings"] = hang
    with ThreadPoolExecutor(2) as threads:
        slow = [threads.submit(small.test_client().get, "/api/v1/catalog/offerings") for _ in range(2)]
        eventually(lambda: len(services.scripted["content"].requests("SearchOfferings")) == 2)
        refused = small.test_client().get("/api/v1/help/articles")
        paid = small.test_client().get("/api/v1/payments", headers=bearer)
        released.set()
        answered = [future.result().status_code for future in slow]

    assert (refused.status_code, json_of(refused)["code"]) == (503, "OVERLOADED")
    assert int(refused.headers["Retry-After"]) > 0
    assert paid.status_code == 200
    assert answered == [200, 200]
    assert small.test_client().get("/api/v1/help/articles").status_code == 200
