"""IdentityService over gRPC: parses, calls one use case, renders."""

import grpc
from kabinet.identity.v1 import identity_pb2 as pb
from kabinet.identity.v1 import identity_pb2_grpc

from services.chassis.caller import current_subscriber
from services.chassis.grpc_bootstrap import grpc_server
from services.chassis.grpc_server import Exposed, GrpcServer
from services.chassis.grpc_values import time_to_proto
from services.identity.application.complete_social_login import Returned
from services.identity.application.start_registration import Application
from services.identity.bootstrap import UseCases, build_grpc
from services.identity.bootstrap_stores import Stores, open_stores
from services.identity.config import Settings, load
from services.identity.entrypoints.identity_messages import profile_to_proto, session_to_proto, tokens_to_proto

Context = grpc.ServicerContext


def start() -> GrpcServer:
    """Start the server as the environment says; it runs until stopped."""
    settings = load()
    server = build_server(settings, open_stores(settings, role="grpc"))
    server.start()
    return server


def build_server(settings: Settings, stores: Stores, /) -> GrpcServer:
    """Return the server, not yet started; it verifies access tokens with the keys it signs them with."""
    use_cases = build_grpc(settings, stores)
    servicer = IdentityServicer(use_cases)
    exposed = Exposed(
        service_name=pb.DESCRIPTOR.services_by_name["IdentityService"].full_name,
        register=lambda server: identity_pb2_grpc.add_IdentityServiceServicer_to_server(servicer, server),
    )
    return grpc_server(
        "identity",
        settings=settings,
        clock=use_cases.clock,
        services=[exposed],
        subscriber_keys=lambda _key_id: use_cases.key_set,
    )


class IdentityServicer(identity_pb2_grpc.IdentityServiceServicer):
    """The contract of `protos/kabinet/identity/v1`."""

    def __init__(self, use_cases: UseCases, /) -> None:
        self._use = use_cases

    def StartRegistration(  # noqa: N802
        self, request: pb.StartRegistrationRequest, context: Context
    ) -> pb.StartRegistrationResponse:
        registration = self._use.start_registration(
            Application(
                login=request.login,
                password=request.password,
                email=request.email,
                consents=[(consent.kind, consent.version) for consent in request.consents],
                language=request.language,
                ip_address=request.client.ip_address,
            )
        )
        return pb.StartRegistrationResponse(
            registration_id=registration.registration_id, expires_at=time_to_proto(registration.expires_at)
        )

    def ConfirmRegistration(  # noqa: N802
        self, request: pb.ConfirmRegistrationRequest, context: Context
    ) -> pb.ConfirmRegistrationResponse:
        tokens = self._use.confirm_registration(
            registration_id=request.registration_id, code=request.code, user_agent=request.client.user_agent
        )
        return pb.ConfirmRegistrationResponse(tokens=tokens_to_proto(tokens))

    def CreateSession(  # noqa: N802
        self, request: pb.CreateSessionRequest, context: Context
    ) -> pb.CreateSessionResponse:
        tokens = self._use.create_session(
            login=request.login,
            password=request.password,
            ip_address=request.client.ip_address,
            user_agent=request.client.user_agent,
        )
        return pb.CreateSessionResponse(tokens=tokens_to_proto(tokens))

    def RefreshSession(  # noqa: N802
        self, request: pb.RefreshSessionRequest, context: Context
    ) -> pb.RefreshSessionResponse:
        return pb.RefreshSessionResponse(tokens=tokens_to_proto(self._use.refresh_session(request.refresh_token)))

    def ListSessions(self, request: pb.ListSessionsRequest, context: Context) -> pb.ListSessionsResponse:  # noqa: N802
        current_id = current_subscriber().session_id
        sessions = self._use.list_sessions(session_id=current_id)
        return pb.ListSessionsResponse(
            sessions=[session_to_proto(session, current_id=current_id) for session in sessions]
        )

    def EndSession(self, request: pb.EndSessionRequest, context: Context) -> pb.EndSessionResponse:  # noqa: N802
        caller = current_subscriber()
        self._use.end_session(request.session_id, subscriber_id=caller.subscriber_id, session_id=caller.session_id)
        return pb.EndSessionResponse()

    def ListSocialProviders(  # noqa: N802
        self, request: pb.ListSocialProvidersRequest, context: Context
    ) -> pb.ListSocialProvidersResponse:
        providers = [pb.SocialProvider(provider=each.provider, name=each.name) for each in self._use.providers.names()]
        return pb.ListSocialProvidersResponse(providers=providers)

    def StartSocialLogin(  # noqa: N802
        self, request: pb.StartSocialLoginRequest, context: Context
    ) -> pb.StartSocialLoginResponse:
        started = self._use.start_social_login(
            provider=request.provider, return_url=request.return_url, browser_secret=request.browser_secret
        )
        return pb.StartSocialLoginResponse(
            social_login_id=started.social_login_id, authorization_url=started.authorization_url
        )

    def CompleteSocialLogin(  # noqa: N802
        self, request: pb.CompleteSocialLoginRequest, context: Context
    ) -> pb.CompleteSocialLoginResponse:
        completed = self._use.complete_social_login(
            Returned(
                social_login_id=request.social_login_id,
                code=request.code,
                state=request.state,
                browser_secret=request.browser_secret,
                user_agent=request.client.user_agent,
            )
        )
        return pb.CompleteSocialLoginResponse(tokens=tokens_to_proto(completed.tokens), created=completed.created)

    def GetProfile(self, request: pb.GetProfileRequest, context: Context) -> pb.GetProfileResponse:  # noqa: N802
        subscriber = self._use.get_profile(session_id=current_subscriber().session_id)
        return pb.GetProfileResponse(profile=profile_to_proto(subscriber))

    def UpdateProfile(  # noqa: N802
        self, request: pb.UpdateProfileRequest, context: Context
    ) -> pb.UpdateProfileResponse:
        subscriber = self._use.update_profile(
            session_id=current_subscriber().session_id,
            display_name=request.display_name if request.HasField("display_name") else None,
            language=request.language if request.HasField("language") else None,
        )
        return pb.UpdateProfileResponse(profile=profile_to_proto(subscriber))

    def ChangePassword(  # noqa: N802
        self, request: pb.ChangePasswordRequest, context: Context
    ) -> pb.ChangePasswordResponse:
        self._use.change_password(
            session_id=current_subscriber().session_id,
            current_password=request.current_password,
            new_password=request.new_password,
        )
        return pb.ChangePasswordResponse()

    def GetContact(self, request: pb.GetContactRequest, context: Context) -> pb.GetContactResponse:  # noqa: N802
        subscriber = self._use.get_contact(subscriber_id=request.subscriber_id)
        return pb.GetContactResponse(email=subscriber.email or "", language=subscriber.language)

    def GetJsonWebKeySet(  # noqa: N802
        self, request: pb.GetJsonWebKeySetRequest, context: Context
    ) -> pb.GetJsonWebKeySetResponse:
        return pb.GetJsonWebKeySetResponse(jwks_json=self._use.access_tokens.json_web_key_set())
