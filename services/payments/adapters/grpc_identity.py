"""The identity service over gRPC, in the words of payments: where a payer's receipt goes."""

from kabinet.identity.v1 import identity_pb2, identity_pb2_grpc

from services.chassis.errors import Kind
from services.chassis.grpc_client import Remote, RemoteError
from services.payments.domain.ports import ContactsSilent

CONTACT_METHODS = ("kabinet.identity.v1.IdentityService/GetContact",)

_CONTACT_S = 3.0


class GrpcContacts:
    """See Contacts. The address is handed on for one call and kept nowhere."""

    def __init__(self, remote: Remote, /) -> None:
        self._remote = remote
        self._stub = identity_pb2_grpc.IdentityServiceStub(remote.channel)

    def email_of(self, subscriber_id: str, /) -> str:
        """A subscriber who is gone has no address."""
        request = identity_pb2.GetContactRequest(subscriber_id=subscriber_id)
        try:
            return str(self._remote.call(self._stub.GetContact, request, cap_s=_CONTACT_S).email)
        except RemoteError as error:
            if error.kind is Kind.NOT_FOUND:
                return ""
            raise ContactsSilent(error.reason) from None
