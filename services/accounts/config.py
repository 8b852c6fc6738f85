"""The settings of accounts; the only reader of its environment."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from pydantic import Field, field_validator, model_validator

from services.accounts.adapters.region_registry import RegionEndpoint, read_registry
from services.accounts.domain.errand import ErrandPlan
from services.accounts.domain.ownership_attempts import AttemptLimit, AttemptLimits
from services.accounts.domain.posting import RetryPlan
from services.chassis.settings import ServiceSettings
from services.chassis.tls import client_tls

_CALLS_PER_CLAIM = 3


class Settings(ServiceSettings):
    """What only accounts has, beside what every service has."""

    # Calls that wait for a region take a thread each, and many regions may keep theirs waiting at the same time.
    grpc_threads: int = Field(default=64, gt=0, description="Calls answered at a time; four times as many are let in")
    feed_listen: str = Field(default="", description="host:port where regions push their news; empty for GRPC_LISTEN")
    feed_calls: int = Field(default=16, gt=0, description="Calls of regions answered at a time there, beside streams")
    feed_tls_certificate_file: Path | None = Field(default=None, description="What is shown to regions there")
    feed_tls_key_file: Path | None = Field(default=None, description="Its key; with both, that door speaks TLS")
    feed_tls_ca_file: Path | None = Field(default=None, description="Whom regions must be vouched for by (mTLS)")
    region_registry_file: Path | None = Field(default=None, description="Connected regions (JSON), see the README")
    region_endpoints: str = Field(default="", description="The short form: 77=host:port,54=host:port")
    region_timeout_s: float = Field(default=3.0, gt=0, description="Longest call to a region")
    region_retry_budget: float = Field(default=0.1, gt=0, le=1, description="Share of reads that may be repeated once")
    region_calls: int = Field(default=8, gt=0, description="Calls to one region at a time, per role")
    region_refreshes: int = Field(default=4, gt=0, description="Threads that refresh figures of one region")
    region_failures: int = Field(default=3, gt=0, description="Calls without an answer after which it is left alone")
    region_pause_s: float = Field(default=1.0, gt=0, description="How long it is left alone at most")
    figures_young_for_s: float = Field(default=5.0, ge=0, description="Figures this young are not asked for again")
    rows_refresh_after_s: float = Field(default=60.0, ge=0, description="Age of fees and payments to read them again")
    secret_key_file: Path = Field(description="At least 32 random bytes, for pseudonyms of addresses and claimants")
    wrong_proofs_per_pair: int = Field(default=5, gt=0, description="By one subscriber for one account")
    wrong_proofs_per_pair_under_attack: int = Field(default=2, gt=0, description="The same when the next is reached")
    wrong_proofs_per_account: int = Field(default=30, gt=0, description="By all subscribers for one account")
    wrong_proofs_per_subscriber: int = Field(default=20, gt=0, description="By one subscriber for all accounts")
    wrong_proofs_per_address: int = Field(default=60, gt=0, description="From one address; many may share it")
    proof_window_s: float = Field(default=3600.0, gt=0, description="How long a wrong proof, or a code, counts")
    codes_per_pair: int = Field(default=3, gt=0, description="Codes to the contact of one account for one subscriber")
    codes_per_pair_under_attack: int = Field(default=1, gt=0, description="The same when the next is reached")
    codes_per_account: int = Field(default=10, gt=0, description="For all subscribers to one contact")
    codes_per_subscriber: int = Field(default=10, gt=0, description="For one subscriber to all contacts")
    codes_per_address: int = Field(default=60, gt=0, description="From one address; many may share it")
    posting_retry_s: str = Field(default="0.2,0.5,1,2,5,15,60,300", description="Pauses between tries; the last stays")
    posting_outage_pause_s: float = Field(default=1.0, gt=0, description="Longest pause while a region is away")
    posting_threads: int = Field(default=16, gt=0, description="Postings sent at a time")
    posting_lease_s: float = Field(default=15.0, gt=0, description="Time after which another replica takes over")

    feed_streams: int = Field(default=96, gt=0, description="Streams of regions' news taken at a time")
    feed_threads: int = Field(default=4, gt=0, description="Threads that store balances of streams")
    feed_idle_s: float = Field(default=10.0, gt=0, description="After how long without news a stream is ended")

    ordering_retry_s: str = Field(default="0.2,0.5,1,2,5,15,60,300", description="Pauses between tries; the last stays")
    ordering_look_s: str = Field(default="2,5,15,60,300,900", description="Pauses between looks at what takes its time")
    ordering_call_s: float = Field(default=2.5, gt=0, description="How long a call waits for the region to be told")
    ordering_threads: int = Field(default=4, gt=0, description="Wishes of one sort carried at a time")

    reconcile_grace_s: float = Field(default=14400.0, ge=0, description="Time after a day's end before it is compared")
    reconcile_again_s: float = Field(
        default=21600.0, gt=0, description="Pause before a day that differs is compared anew"
    )
    reconcile_retry_s: str = Field(default="60,300,900", description="Pauses while a region is away; the last stays")
    reconcile_items: int = Field(default=50, gt=0, description="Payments asked for one by one in one go")
    reconcile_items_per_s: float = Field(default=20.0, gt=0, description="The same per second, on average")
    reconcile_lease_s: float = Field(default=300.0, gt=0, description="When another replica takes a day over")
    grant_offer_s: float = Field(default=86400.0, gt=0, description="How long an offered grant can be accepted")

    @field_validator("region_endpoints")
    @classmethod
    def _endpoints_are_readable(cls, text: str) -> str:
        _parse_endpoints(text)
        return text

    @field_validator("posting_retry_s", "ordering_retry_s", "ordering_look_s", "reconcile_retry_s")
    @classmethod
    def _pauses_are_readable(cls, text: str) -> str:
        _parse_pauses(text)
        return text

    @model_validator(mode="after")
    def _regions_fit(self) -> "Settings":
        problems = [problem for code, endpoint in self.endpoints.items() for problem in self._misfits(code, endpoint)]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @cached_property
    def endpoints(self) -> Mapping[str, RegionEndpoint]:
        """The connected regions, from the registry and from the short form."""
        registered = read_registry(self.region_registry_file) if self.region_registry_file else {}
        tls = client_tls(self)
        short = {
            code: RegionEndpoint(address=address, tls=tls)
            for code, address in _parse_endpoints(self.region_endpoints).items()
        }
        if twice := sorted(registered.keys() & short.keys()):
            raise ValueError(f"in REGION_ENDPOINTS and in the registry: region {', '.join(twice)}")
        return {**registered, **short}

    def _misfits(self, code: str, endpoint: RegionEndpoint) -> Iterator[str]:
        """Say what of a region does not go together with the settings of all regions.

        Where postings are not deduplicated, a try must have ended on our side before somebody else may claim the
        posting, and be settled in the region after that.
        """
        terms, timeout_s = endpoint.posting_terms, endpoint.timeout_s or self.region_timeout_s
        if terms.deduplicates:
            return
        if timeout_s * _CALLS_PER_CLAIM >= self.posting_lease_s:
            yield f"region {code}: timeout_s: {_CALLS_PER_CLAIM} calls must fit into POSTING_LEASE_S"
        if terms.settles_after.total_seconds() <= self.posting_lease_s:
            yield f"region {code}: posting_settles_after_s: must be longer than POSTING_LEASE_S"

    @property
    def region_share(self) -> int:
        """How many calls to one region the dispatcher begins: four regions that hang do not take all its threads."""
        return max(1, self.posting_threads // 5)

    @property
    def retry_plan(self) -> RetryPlan:
        """When a posting is tried again."""
        return RetryPlan(
            pauses=_parse_pauses(self.posting_retry_s),
            longest_outage_pause=timedelta(seconds=self.posting_outage_pause_s),
        )

    @property
    def reconcile_plan(self) -> RetryPlan:
        """When a day is tried again that could not be compared."""
        pauses = _parse_pauses(self.reconcile_retry_s)
        return RetryPlan(pauses=pauses, longest_outage_pause=pauses[-1])

    @property
    def errand_plan(self) -> ErrandPlan:
        """When a wish is tried again, and when it is looked at again."""
        return ErrandPlan(
            retry=RetryPlan(
                pauses=_parse_pauses(self.ordering_retry_s),
                longest_outage_pause=timedelta(seconds=self.posting_outage_pause_s),
            ),
            looks=_parse_pauses(self.ordering_look_s),
        )

    @property
    def proof_limits(self) -> AttemptLimits:
        """How many wrong proofs are taken."""
        return AttemptLimits(
            per_pair=self._within_window(self.wrong_proofs_per_pair),
            per_pair_under_attack=self._within_window(self.wrong_proofs_per_pair_under_attack),
            per_account=self._within_window(self.wrong_proofs_per_account),
            per_subscriber=self._within_window(self.wrong_proofs_per_subscriber),
            per_address=self._within_window(self.wrong_proofs_per_address),
        )

    @property
    def code_limits(self) -> AttemptLimits:
        """How many codes are sent."""
        return AttemptLimits(
            per_pair=self._within_window(self.codes_per_pair),
            per_pair_under_attack=self._within_window(self.codes_per_pair_under_attack),
            per_account=self._within_window(self.codes_per_account),
            per_subscriber=self._within_window(self.codes_per_subscriber),
            per_address=self._within_window(self.codes_per_address),
        )

    def _within_window(self, most: int) -> AttemptLimit:
        return AttemptLimit(most=most, window=timedelta(seconds=self.proof_window_s))


def load() -> Settings:
    """Read the environment. Raises pydantic's ValidationError for values that do not fit."""
    return Settings.model_validate({})


def _parse_endpoints(text: str) -> dict[str, str]:
    pairs = [entry.strip().partition("=") for entry in text.split(",") if entry.strip()]
    if not all(code and address for code, _, address in pairs):
        raise ValueError("regions are written as 77=host:port,54=host:port")
    return {code: address for code, _, address in pairs}


def _parse_pauses(text: str) -> tuple[timedelta, ...]:
    pauses = tuple(timedelta(seconds=float(part)) for part in text.split(","))
    if any(pause <= timedelta(0) for pause in pauses):
        raise ValueError("pauses are positive")
    return pauses
