"""Who may call a method, read from the contract itself: the `access` option of each RPC."""

from collections.abc import Mapping

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import ServiceDescriptor
from kabinet.common.v1 import access_pb2

from services.chassis.caller import Anonymous, Caller, CallerNotAllowed, CredentialsMissing, RegionCaller, ServiceCaller

Access = access_pb2.Access


def access_of(service_names: list[str], /) -> Mapping[str, Access]:
    """Return the access rule of every method of the services, by its full path `/package.Service/Method`.

    Raises `ValueError` for a method without a rule: a server with such a method does not start.
    """
    rules: dict[str, Access] = {}
    for name in service_names:
        service: ServiceDescriptor = descriptor_pool.Default().FindServiceByName(name)
        for method in service.methods:
            options = method.GetOptions()
            if not options.HasExtension(access_pb2.access):
                raise ValueError(f"{name}.{method.name} says nothing about who may call it")
            rules[f"/{name}/{method.name}"] = options.Extensions[access_pb2.access]
    return rules


def admit(caller: Caller, rule: Access, /) -> None:
    """Return if the rule lets the caller in; raise `CredentialsMissing` or `CallerNotAllowed` if not."""
    if rule.anyone:
        return
    match caller:
        case Anonymous():
            raise CredentialsMissing("This call needs credentials.")
        case ServiceCaller(name=name):
            allowed = name in rule.services
        case RegionCaller():
            allowed = rule.region
        case _:
            allowed = rule.subscriber
    if not allowed:
        raise CallerNotAllowed("This call is not for you.")
