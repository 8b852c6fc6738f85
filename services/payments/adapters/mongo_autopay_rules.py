"""Autopay rules in MongoDB; that an account has one active rule at most is a unique index."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from services.chassis.clock import Clock
from services.chassis.outbox import ensure_outbox_index
from services.chassis.saving import save_announcing
from services.chassis.work import due_at_of, ensure_work_index, work_fields
from services.payments.adapters.autopay_documents import (
    amount_from_document,
    amount_to_document,
    caps_from_document,
    caps_to_document,
    trigger_from_document,
    trigger_to_document,
)
from services.payments.adapters.mongo_saving import duplicate_key, saving
from services.payments.domain.autopay_decision import Word
from services.payments.domain.autopay_rule import AutopayRule, AutopayRuleExists, StopReason, Terms

Document = dict[str, Any]

_ACTIVE = "active"
_STOPPED = "stopped"


def rules_collection(database: Database[Document], /) -> Collection[Document]:
    return database["autopay_rules"]


class MongoAutopayRuleRepository:
    """See AutopayRuleRepository."""

    def __init__(self, database: Database[Document], /, *, clock: Clock) -> None:
        self._rules = rules_collection(database)
        self._clock = clock

    def ensure_indexes(self) -> None:
        self._rules.create_index(
            [("billing_account_id", ASCENDING)],
            name="one_active_per_account",
            unique=True,
            partialFilterExpression={"state": _ACTIVE},
        )
        self._rules.create_index(
            [("subscriber_id", ASCENDING), ("request_id", ASCENDING)], name="one_per_request", unique=True
        )
        self._rules.create_index([("billing_account_id", ASCENDING), ("created_at", DESCENDING)], name="of_account")
        self._rules.create_index([("payment_method_id", ASCENDING)], name="on_method")
        self._rules.create_index(
            [("next_charge_at", ASCENDING)],
            name="due_by_date",
            partialFilterExpression={"next_charge_at": {"$type": "date"}},
        )
        self._rules.create_index(
            [("region", ASCENDING), ("trigger.kind", ASCENDING)],
            name="active_of_region",
            partialFilterExpression={"state": _ACTIVE},
        )
        self._rules.create_index(
            [("announce_at", ASCENDING)],
            name="due_to_announce",
            partialFilterExpression={"announce_at": {"$type": "date"}},
        )
        ensure_work_index(self._rules)
        ensure_outbox_index(self._rules)

    def get(self, autopay_rule_id: str, /) -> AutopayRule | None:
        return self._one({"_id": autopay_rule_id})

    def by_request(self, *, subscriber_id: str, request_id: str) -> AutopayRule | None:
        return self._one({"subscriber_id": subscriber_id, "request_id": request_id})

    def of_subscriber(self, *, subscriber_id: str) -> Sequence[AutopayRule]:
        rows = self._rules.find(
            {"subscriber_id": subscriber_id}, sort=[("created_at", DESCENDING), ("_id", DESCENDING)]
        )
        return [to_rule(row) for row in rows]

    def of_account(self, *, billing_account_id: str) -> Sequence[AutopayRule]:
        rows = self._rules.find({"billing_account_id": billing_account_id}, sort=[("created_at", DESCENDING)])
        return [to_rule(row) for row in rows]

    def active_of_account(self, *, billing_account_id: str) -> AutopayRule | None:
        return self._one({"billing_account_id": billing_account_id, "state": _ACTIVE})

    def active_on_method(self, *, payment_method_id: str) -> Sequence[AutopayRule]:
        rows = self._rules.find({"payment_method_id": payment_method_id, "state": _ACTIVE})
        return [to_rule(row) for row in rows]

    def active_thresholds_in(self, *, region: str) -> int:
        return self._rules.count_documents({"region": region, "trigger.kind": "threshold", "state": _ACTIVE})

    def due_by_date(self, *, now: datetime, limit: int) -> Sequence[AutopayRule]:
        rows = self._rules.find(
            {"next_charge_at": {"$type": "date", "$lte": now}, "state": _ACTIVE},
            sort=[("next_charge_at", ASCENDING)],
            limit=limit,
        )
        return [to_rule(row) for row in rows]

    def due_to_announce(self, *, now: datetime, limit: int) -> Sequence[AutopayRule]:
        rows = self._rules.find(
            {"announce_at": {"$type": "date", "$lte": now}, "state": _ACTIVE},
            sort=[("announce_at", ASCENDING)],
            limit=limit,
        )
        return [to_rule(row) for row in rows]

    def save(self, rule: AutopayRule, /) -> None:
        try:
            with saving(rule):
                save_announcing(
                    self._rules,
                    rule,
                    document_id=rule.autopay_rule_id,
                    document=_to_document(rule),
                    now=self._clock.now(),
                )
        except DuplicateKeyError as error:
            if duplicate_key(error) == ["billing_account_id"]:
                raise AutopayRuleExists("The account has an active autopay rule already.") from None
            raise

    def _one(self, query: Document) -> AutopayRule | None:
        document = self._rules.find_one(query)
        return None if document is None else to_rule(document)


def to_rule(document: Document, /) -> AutopayRule:
    """Return the rule that `save` wrote."""
    stop_reason = document["stop_reason"]
    return AutopayRule(
        autopay_rule_id=document["_id"],
        subscriber_id=document["subscriber_id"],
        billing_account_id=document["billing_account_id"],
        time_zone=document["time_zone"],
        terms=Terms(
            payment_method_id=document["payment_method_id"],
            trigger=trigger_from_document(document["trigger"]),
            amount=amount_from_document(document["amount"]),
            caps=caps_from_document(document.get("caps", {})),
        ),
        created_at=document["created_at"],
        request_id=document["request_id"],
        fingerprint=document["fingerprint"],
        region=document.get("region", ""),
        rule_version=document["rule_version"],
        stopped_at=document["stopped_at"],
        stop_reason=StopReason(stop_reason) if stop_reason else None,
        paused_until=document.get("paused_until"),
        next_charge_at=document["next_charge_at"],
        next_period=document["next_period"],
        last_period=document["last_period"],
        armed=document["armed"],
        episode=document["episode"],
        episode_rule_version=document["episode_rule_version"],
        settled_episode=document.get("settled_episode", 0),
        balance_as_of=document["balance_as_of"],
        charging_payment_id=document.get("charging_payment_id", ""),
        announce_at=document.get("announce_at"),
        announced_period=document.get("announced_period", ""),
        answered_period=document.get("answered_period", ""),
        answer=Word(document["answer"]) if document.get("answer") else None,
        due_at=due_at_of(document),
        version=document["version"],
    )


def _to_document(rule: AutopayRule) -> Document:
    return {
        "subscriber_id": rule.subscriber_id,
        "billing_account_id": rule.billing_account_id,
        "time_zone": rule.time_zone,
        "payment_method_id": rule.terms.payment_method_id,
        "trigger": trigger_to_document(rule.terms.trigger),
        "amount": amount_to_document(rule.terms.amount),
        "caps": caps_to_document(rule.terms.caps),
        "created_at": rule.created_at,
        "request_id": rule.request_id,
        "fingerprint": rule.fingerprint,
        "region": rule.region,
        "rule_version": rule.rule_version,
        "state": _ACTIVE if rule.is_active else _STOPPED,
        "stopped_at": rule.stopped_at,
        "stop_reason": rule.stop_reason.value if rule.stop_reason else None,
        "paused_until": rule.paused_until,
        "next_charge_at": rule.next_charge_at,
        "next_period": rule.next_period,
        "last_period": rule.last_period,
        "armed": rule.armed,
        "episode": rule.episode,
        "episode_rule_version": rule.episode_rule_version,
        "settled_episode": rule.settled_episode,
        "balance_as_of": rule.balance_as_of,
        "charging_payment_id": rule.charging_payment_id,
        "announce_at": rule.announce_at,
        "announced_period": rule.announced_period,
        "answered_period": rule.answered_period,
        "answer": rule.answer.value if rule.answer else None,
        **work_fields(rule.due_at),
    }
