"""Payments' word on a coming automatic charge, and identity's on where to write, over gRPC."""

from datetime import date

from kabinet.identity.v1 import identity_pb2, identity_pb2_grpc
from kabinet.payments.v1 import autopay_pb2, autopay_pb2_grpc

from services.chassis.grpc_client import Remote
from services.chassis.grpc_values import money_from_proto
from services.documents.domain.autopay_notice import ComingCharge
from services.documents.domain.consent import Language
from services.documents.domain.ports import Contact

IDEMPOTENT_OF_PAYMENTS = ("kabinet.payments.v1.AutopayService/GetAutopayNotice",)
IDEMPOTENT_OF_IDENTITY = ("kabinet.identity.v1.IdentityService/GetContact",)
_CAP_S = 3.0


class GrpcAutopayCharges:
    """Meets `AutopayCharges`."""

    def __init__(self, remote: Remote, /) -> None:
        self._remote = remote
        self._stub = autopay_pb2_grpc.AutopayServiceStub(remote.channel)

    def coming(self, decision_id: str, /) -> ComingCharge:
        request = autopay_pb2.GetAutopayNoticeRequest(decision_id=decision_id)
        answer = self._remote.call(self._stub.GetAutopayNotice, request, cap_s=_CAP_S)
        return ComingCharge(
            local_date=date.fromisoformat(answer.local_date),
            amount=money_from_proto(answer.amount, field="amount") if answer.HasField("amount") else None,
            at_most=money_from_proto(answer.at_most, field="at_most"),
            card_last4=answer.card_last4,
            skip_token=answer.skip_token,
            pay_now_token=answer.pay_now_token,
            stop_token=answer.stop_token,
        )


class GrpcContacts:
    """Meets `Contacts`."""

    def __init__(self, remote: Remote, /) -> None:
        self._remote = remote
        self._stub = identity_pb2_grpc.IdentityServiceStub(remote.channel)

    def of(self, subscriber_id: str, /) -> Contact:
        request = identity_pb2.GetContactRequest(subscriber_id=subscriber_id)
        answer = self._remote.call(self._stub.GetContact, request, cap_s=_CAP_S)
        return Contact(email=answer.email, language=Language(answer.language or "ru"))
