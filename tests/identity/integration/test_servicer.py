"""Identity over gRPC, on a real MongoDB: who may call what, the whole story of a login, and the races in it."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from joserfc.jwk import KeySet
from kabinet.identity.v1 import identity_pb2 as pb
from kabinet.identity.v1 import identity_pb2_grpc
from pymongo.database import Database

from services.chassis.caller import SubscriberCaller
from services.chassis.clock import SystemClock
from services.chassis.errors import Kind
from services.chassis.grpc_client import RemoteError
from services.chassis.tokens import TokenVerifier
from tests.identity.builders import CONSENTS, PASSWORD
from tests.identity.integration.conftest import CLIENT, Identity

Document = dict[str, Any]
_METHODS = pb.DESCRIPTOR.services_by_name["IdentityService"].methods
_NEW_PASSWORD = "семь холодных чайников"


def _refusal(raised: pytest.ExceptionInfo[RemoteError]) -> tuple[Kind, str]:
    return raised.value.kind, raised.value.reason


def _bare(method: str) -> Any:
    return getattr(pb, f"{method}Request")()


def _shift_clock(folder: Path, seconds: int) -> None:
    (folder / "clock").write_text(str(seconds))


def test_no_method_but_the_public_keys_answers_without_credentials(identity: Identity) -> None:
    with grpc.insecure_channel(identity.address) as channel:
        stub = identity_pb2_grpc.IdentityServiceStub(channel)
        for method in (each.name for each in _METHODS if each.name != "GetJsonWebKeySet"):
            with pytest.raises(grpc.RpcError, match="UNAUTHENTICATED"):
                getattr(stub, method)(_bare(method), timeout=30)

        assert stub.GetJsonWebKeySet(pb.GetJsonWebKeySetRequest(), timeout=30).jwks_json


def test_the_gateway_alone_sees_no_subscriber_s_own_things(identity: Identity) -> None:
    for method in ("ListSessions", "EndSession", "GetProfile", "UpdateProfile", "ChangePassword"):
        with pytest.raises(RemoteError) as refused:
            identity.call(method, _bare(method))

        assert _refusal(refused) == (Kind.PERMISSION_DENIED, "CALLER_NOT_ALLOWED")


def test_who_registers_may_log_in_and_see_their_profile(identity: Identity) -> None:
    identity.register(login="Anna.Petrova", email="Anna@Example.test")

    tokens = identity.log_in(login="ANNA.PETROVA")

    answer = identity.call("GetProfile", pb.GetProfileRequest(), access_token=tokens.access_token)
    profile = answer.profile
    assert (profile.login, profile.email, profile.language) == ("anna.petrova", "Anna@example.test", "ru")
    contact = identity.call("GetContact", pb.GetContactRequest(subscriber_id=profile.subscriber_id), by="documents")
    assert (contact.email, contact.language) == ("Anna@example.test", "ru")


def test_every_service_can_verify_an_access_token_by_the_public_keys(identity: Identity) -> None:
    tokens = identity.register()
    jwks = json.loads(identity.call("GetJsonWebKeySet", pb.GetJsonWebKeySetRequest()).jwks_json)
    keys = KeySet.import_key_set(jwks)

    verifier = TokenVerifier(name="payments", trusted=KeySet([]), subscriber_keys=lambda _: keys, clock=SystemClock())
    caller = verifier.verify(tokens.access_token)

    assert isinstance(caller, SubscriberCaller)
    assert caller.session_id == tokens.session_id
    assert all("d" not in key for key in jwks["keys"])


def test_nothing_secret_lies_in_the_database_in_the_clear(identity: Identity, database: Database[Document]) -> None:
    registration_id = identity.start_registration()
    tokens = identity.confirm(registration_id)
    rotated = identity.refresh(tokens.refresh_token)

    everything = json.dumps(
        [document for name in database.list_collection_names() for document in database[name].find()],
        default=str,
        ensure_ascii=False,
    )
    secrets = [PASSWORD, identity.code_of(registration_id), tokens.refresh_token, rotated.refresh_token]
    assert "anna.petrova" in everything
    assert not [secret for secret in secrets if secret in everything]


def test_taken_and_free_are_one_answer(identity: Identity) -> None:
    identity.register()
    requests = [("anna.petrova", "other@example.test"), ("other.login", "anna@example.test"), ("third.one", "3@a.test")]

    answers = [
        identity.call(
            "StartRegistration",
            pb.StartRegistrationRequest(
                login=login,
                password=PASSWORD,
                email=email,
                consents=[pb.Consent(kind=kind, version=version) for kind, version in CONSENTS],
                client=CLIENT,
            ),
        )
        for login, email in requests
    ]

    assert len({tuple(field.name for field, _ in answer.ListFields()) for answer in answers}) == 1
    for answer in answers[:2]:
        with pytest.raises(RemoteError) as refused:
            identity.confirm(answer.registration_id)
        assert _refusal(refused) == (Kind.INVALID, "CODE_WRONG")


def test_of_eight_confirmations_of_one_login_exactly_one_wins(identity: Identity) -> None:
    started = [identity.start_registration(email=f"{number}@example.test") for number in range(8)]

    outcomes = _at_once([lambda each=each: identity.confirm(each) for each in started])

    won = [outcome for outcome in outcomes if isinstance(outcome, pb.Tokens)]
    lost = [outcome.reason for outcome in outcomes if isinstance(outcome, RemoteError)]
    assert len(won) == 1
    assert lost == ["REGISTRATION_NOT_FOUND"] * 7


def test_of_many_guesses_at_once_five_count(identity: Identity, database: Database[Document]) -> None:
    registration_id = identity.start_registration()
    right = int(identity.code_of(registration_id))
    guesses = [f"{(right + 1 + number) % 10**8:08d}" for number in range(16)]

    outcomes = _at_once([lambda guess=guess: identity.confirm(registration_id, code=guess) for guess in guesses])

    reasons = [outcome.reason for outcome in outcomes if isinstance(outcome, RemoteError)]
    assert len(reasons) == 16
    assert reasons.count("CODE_WRONG") <= 5
    document = database["registrations"].find_one({"_id": registration_id})
    assert document is not None
    assert document["tries_left"] == 5 - reasons.count("CODE_WRONG")


def test_eight_exchanges_of_one_token_at_once_are_one_rotation(
    identity: Identity, database: Database[Document]
) -> None:
    tokens = identity.register()

    outcomes = _at_once([lambda: identity.refresh(tokens.refresh_token)] * 8)

    assert all(isinstance(outcome, pb.Tokens) for outcome in outcomes), outcomes
    (successor,) = {outcome.refresh_token for outcome in outcomes if isinstance(outcome, pb.Tokens)}
    document = database["sessions"].find_one({"_id": tokens.session_id})
    assert document is not None and document["generation"] == 1
    assert identity.refresh(successor).session_id == tokens.session_id


def test_a_refresh_token_that_comes_back_ends_the_session(identity: Identity, tmp_path: Path) -> None:
    first = identity.register()
    second = identity.refresh(first.refresh_token)
    _shift_clock(tmp_path, 11)

    for token in (first.refresh_token, second.refresh_token, "nonsense", ""):
        with pytest.raises(RemoteError) as refused:
            identity.refresh(token)
        assert _refusal(refused) == (Kind.UNAUTHENTICATED, "SESSION_ENDED")
    with pytest.raises(RemoteError) as refused:
        identity.call("GetProfile", pb.GetProfileRequest(), access_token=second.access_token)
    assert _refusal(refused) == (Kind.UNAUTHENTICATED, "SESSION_ENDED")


def test_an_access_token_ends_after_five_minutes(identity: Identity, tmp_path: Path) -> None:
    tokens = identity.register()
    _shift_clock(tmp_path, 306)

    with pytest.raises(RemoteError) as refused:
        identity.call("GetProfile", pb.GetProfileRequest(), access_token=tokens.access_token)

    assert _refusal(refused) == (Kind.UNAUTHENTICATED, "TOKEN_INVALID")


def test_sessions_are_listed_and_ended(identity: Identity) -> None:
    first = identity.register()
    second = identity.log_in()

    listed = identity.call("ListSessions", pb.ListSessionsRequest(), access_token=second.access_token).sessions
    identity.call("EndSession", pb.EndSessionRequest(session_id=first.session_id), access_token=second.access_token)
    for _ in range(2):
        identity.call("EndSession", pb.EndSessionRequest(session_id="current"), access_token=second.access_token)

    assert [(each.session_id, each.current) for each in listed] == [
        (second.session_id, True),
        (first.session_id, False),
    ]
    for tokens in (first, second):
        with pytest.raises(RemoteError) as refused:
            identity.refresh(tokens.refresh_token)
        assert _refusal(refused) == (Kind.UNAUTHENTICATED, "SESSION_ENDED")


def test_a_foreign_session_looks_absent_and_goes_on(identity: Identity) -> None:
    anna = identity.register()
    boris = identity.register(login="boris.ivanov", email="boris@example.test")

    answers = set()
    for target in (boris.session_id, "ses_00000000000000000000000000000000"):
        with pytest.raises(RemoteError) as refused:
            identity.call("EndSession", pb.EndSessionRequest(session_id=target), access_token=anna.access_token)
        answers.add((refused.value.kind, refused.value.reason, refused.value.message))

    assert answers == {(Kind.NOT_FOUND, "SESSION_NOT_FOUND", "There is no such session.")}
    assert identity.refresh(boris.refresh_token)


def test_a_new_password_ends_the_other_sessions(identity: Identity) -> None:
    other = identity.register()
    mine = identity.log_in()

    identity.call(
        "ChangePassword",
        pb.ChangePasswordRequest(current_password=PASSWORD, new_password=_NEW_PASSWORD, client=CLIENT),
        access_token=mine.access_token,
    )

    assert identity.refresh(mine.refresh_token)
    with pytest.raises(RemoteError, match="The session has ended"):
        identity.refresh(other.refresh_token)
    with pytest.raises(RemoteError, match="Login or password is wrong"):
        identity.log_in()
    assert identity.log_in(password=_NEW_PASSWORD)


def test_a_profile_changes_field_by_field(identity: Identity) -> None:
    token = identity.register().access_token

    identity.call("UpdateProfile", pb.UpdateProfileRequest(display_name=" Анна "), access_token=token)
    answer = identity.call("UpdateProfile", pb.UpdateProfileRequest(language="en"), access_token=token)

    assert (answer.profile.display_name, answer.profile.language) == ("Анна", "en")
    for request in (pb.UpdateProfileRequest(language="fr"), pb.UpdateProfileRequest(display_name="а" * 101)):
        with pytest.raises(RemoteError) as refused:
            identity.call("UpdateProfile", request, access_token=token)
        assert _refusal(refused) == (Kind.INVALID, "FIELD_INVALID")


def test_a_regional_login_gets_the_fixed_answer_and_touches_nothing(
    identity: Identity, database: Database[Document]
) -> None:
    answers = set()
    for login in ("123456", "77-123456", "ural_12345", "ivanov@region.rt"):
        with pytest.raises(RemoteError) as refused:
            identity.log_in(login=login)
        answers.add((*_refusal(refused), refused.value.message, tuple(refused.value.metadata)))

    assert answers == {(Kind.INVALID, "LOGIN_IS_REGIONAL", "Logins of the regional cabinets are not valid here.", ())}
    assert database["attempts"].count_documents({}) == 0


def test_guesses_from_one_address_are_slowed_and_told_for_how_long(identity: Identity) -> None:
    identity.register()
    reasons = []
    for _ in range(12):
        with pytest.raises(RemoteError) as refused:
            identity.log_in(password="wrong password")
        reasons.append(refused.value.reason)

    assert reasons == ["CREDENTIALS_WRONG"] * 10 + ["TOO_MANY_ATTEMPTS"] * 2
    assert refused.value.kind is Kind.RESOURCE_EXHAUSTED
    assert 0 < int(refused.value.metadata["retry_after_s"]) <= 900


def test_an_unknown_subscriber_has_no_contact(identity: Identity) -> None:
    with pytest.raises(RemoteError) as refused:
        identity.call("GetContact", pb.GetContactRequest(subscriber_id="sub_1"), by="payments")

    assert _refusal(refused) == (Kind.NOT_FOUND, "SUBSCRIBER_NOT_FOUND")


def _at_once(actions: list[Any]) -> list[Any]:
    def outcome(action: Any) -> Any:
        try:
            return action()
        except RemoteError as error:
            return error

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(outcome, actions))
