"""The links between parts of the suite that can be spoiled: the settings lead through a proxy on each."""

from collections.abc import Mapping

from deploy.local.ports import HOST, Ports
from deploy.local.world import REGIONS
from tests.faults.tcp_proxy import TcpProxy

LINKS = (
    "gateway to payments",
    "payments to acquirer",
    "accounts to regions",
    "services to broker",
    "services to MongoDB",
)


class Links:
    """A proxy on each link; the suite's parts find it where they look for the other end."""

    def __init__(self) -> None:
        """Listen; where the links lead to is told by `lead_to`."""
        self._payments, self._acquirer, self._broker, self._mongo = (TcpProxy() for _ in range(4))
        self._regions = {region: TcpProxy() for region in REGIONS}
        for proxy in self._all():
            proxy.start()

    def settings(self) -> Mapping[str, str]:
        """Return what the processes are to be told, so that they go through the proxies."""
        regions = ",".join(f"{region.code}={proxy.address}" for region, proxy in self._regions.items())
        return {
            "PAYMENTS_ADDRESS": self._payments.address,
            "YOOKASSA_API_URL": f"http://{self._acquirer.address}/v3",
            "REGION_ENDPOINTS": regions,
            "AMQP_URL": f"amqp://guest:guest@{self._broker.address}/",
            # Direct: asked for the members of its replica set, MongoDB would lead everybody past the proxy.
            "MONGO_URL": f"mongodb://{self._mongo.address}/?directConnection=true",
        }

    def lead_to(self, ports: Ports) -> None:
        """Connect the links with the parts of a suite."""
        self._payments.target = (HOST, ports.of("payments"))
        self._acquirer.target = (HOST, ports.of("acquirer"))
        self._broker.target = (HOST, ports.of("amqp"))
        self._mongo.target = (HOST, ports.of("mongo"))
        for region, proxy in self._regions.items():
            proxy.target = (HOST, ports.of(region.process))

    def proxies(self, link: str) -> list[TcpProxy]:
        """Return the proxies that make a link."""
        by_link = {
            "gateway to payments": [self._payments],
            "payments to acquirer": [self._acquirer],
            "accounts to regions": list(self._regions.values()),
            "services to broker": [self._broker],
            "services to MongoDB": [self._mongo],
        }
        return by_link[link]

    def stop(self) -> None:
        """Cut all links for good."""
        for proxy in self._all():
            proxy.stop()

    def _all(self) -> list[TcpProxy]:
        return [self._payments, self._acquirer, self._broker, self._mongo, *self._regions.values()]
