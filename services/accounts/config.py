"""The settings of accounts; the only reader of its environment."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field, field_validator

from services.accounts.domain.errand import ErrandPlan
from services.accounts.domain.ownership_attempts import AttemptLimit, AttemptLimits
from services.accounts.domain.posting import RetryPlan
from services.chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """What only accounts has, beside what every service has."""

    region_endpoints: str = Field(default="", description="Connected regions: 77=host:port,54=host:port")
    region_timeout_s: float = Field(default=3.0, gt=0, description="Longest call to a region")
    region_calls: int = Field(default=8, gt=0, description="Calls to one region at a time, per role")
    region_refreshes: int = Field(default=4, gt=0, description="Threads that refresh figures of one region")
    region_failures: int = Field(default=3, gt=0, description="Calls without an answer after which it is left alone")
    region_pause_s: float = Field(default=3.0, gt=0, description="How long it is left alone")
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
    posting_retry_s: str = Field(default="1,2,5,15,60,300", description="Pauses between tries; the last one stays")
    posting_outage_pause_s: float = Field(default=60.0, gt=0, description="Longest pause while a region is away")
    posting_threads: int = Field(default=8, gt=0, description="Postings sent at a time")
    posting_lease_s: float = Field(default=15.0, gt=0, description="Time after which another replica takes over")

    feed_streams: int = Field(default=96, gt=0, description="Streams of regions' news taken at a time")
    feed_threads: int = Field(default=4, gt=0, description="Threads that store balances of streams")
    feed_idle_s: float = Field(default=10.0, gt=0, description="After how long without news a stream is ended")

    ordering_retry_s: str = Field(default="1,2,5,15,60,300", description="Pauses between tries; the last one stays")
    ordering_look_s: str = Field(default="2,5,15,60,300,900", description="Pauses between looks at what takes its time")
    ordering_call_s: float = Field(default=2.5, gt=0, description="How long a call waits for the region to be told")
    ordering_threads: int = Field(default=4, gt=0, description="Wishes of one sort carried at a time")

    grant_offer_s: float = Field(default=86400.0, gt=0, description="How long an offered grant can be accepted")

    @field_validator("region_endpoints")
    @classmethod
    def _endpoints_are_readable(cls, text: str) -> str:
        _parse_endpoints(text)
        return text

    @field_validator("posting_retry_s", "ordering_retry_s", "ordering_look_s")
    @classmethod
    def _pauses_are_readable(cls, text: str) -> str:
        _parse_pauses(text)
        return text

    @property
    def endpoints(self) -> dict[str, str]:
        """Address by region."""
        return _parse_endpoints(self.region_endpoints)

    @property
    def retry_plan(self) -> RetryPlan:
        """When a posting is tried again."""
        return RetryPlan(
            pauses=_parse_pauses(self.posting_retry_s),
            longest_outage_pause=timedelta(seconds=self.posting_outage_pause_s),
        )

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
