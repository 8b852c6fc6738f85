"""The bugs that payments must never have, each as an exact replacement of source text, with the tests that catch it."""

from dataclasses import dataclass

_MACHINE = "tests/payments/unit/test_money_machine.py"
_CRASHES = "tests/payments/unit/test_crashes.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """A bug: `text` stands exactly once in `file`, and is replaced by `wrong`. `tests` is what pytest is given."""

    name: str
    file: str
    text: str
    wrong: str
    tests: tuple[str, ...]


BUGS = (
    Bug(
        name="a new key on each retry of a charge",
        file="services/payments/domain/payment.py",
        text='return f"{self.payment_id}:charge"',
        wrong='return f"{self.payment_id}:charge:{self.asked}"',
        tests=("tests/payments/unit/test_create_payment.py",),
    ),
    Bug(
        name="a new key on each retry of a refund",
        file="services/payments/application/drive_payment.py",
        text="            refund_id=refund.refund_id,\n",
        wrong='            refund_id=f"{refund.refund_id}:{payment.version}",\n',
        tests=(_CRASHES,),
    ),
    Bug(
        name="a second charge of what is unknown for days",
        file="services/payments/domain/payment.py",
        text="KEY_IS_GOOD_FOR = timedelta(hours=23)",
        wrong="KEY_IS_GOOD_FOR = timedelta(days=230)",
        tests=("tests/payments/unit/test_payment.py", _MACHINE),
    ),
    Bug(
        name="silence taken for a refusal",
        file="services/payments/domain/settlement.py",
        text="            payment.lose_track(now=now)\n    payment.try_again",
        wrong='            payment.decline("timeout", now=now)\n    payment.try_again',
        tests=("tests/payments/unit/test_create_payment.py", _MACHINE),
    ),
    Bug(
        name="the acquirer's word believed for another sum",
        file="services/payments/domain/settlement.py",
        text="if told.amount != payment.amount:",
        wrong="if False:",
        tests=("tests/payments/unit/test_settlement.py",),
    ),
    Bug(
        name="a notification believed without asking the acquirer",
        file="services/payments/application/charging.py",
        text="return self.acquirer.get(payment.acquirer_payment_id, timeout_s=timeout_s)",
        wrong=(
            "return AcquirerPayment(acquirer_payment_id=payment.acquirer_payment_id, payment_id=payment.payment_id,"
            " status=Status.SUCCEEDED, amount=payment.amount)"
        ),
        tests=(_MACHINE,),
    ),
    Bug(
        name="the charge sent before the intent is saved",
        file="services/payments/application/create_payment.py",
        text="        try:\n            self.payments.save(payment)\n        except AlreadySaved:",
        wrong=(
            "        try:\n            payment.version = 0\n            self._charge(payment)\n"
            "            return payment\n        except AlreadySaved:"
        ),
        tests=(_CRASHES,),
    ),
    Bug(
        name="a stopped rule charged all the same",
        file="services/payments/application/find_withdrawal.py",
        text="            return ACCOUNT_UNLINKED if unlinked else AUTOPAY_STOPPED\n",
        wrong='            return ""\n',
        tests=("tests/payments/unit/test_charge_occasion.py",),
    ),
    Bug(
        name="an automatic charge whose consent went while it was begun",
        file="services/payments/application/charge_occasion.py",
        text="        withdrawal = self.find_withdrawal(payment)\n",
        wrong='        withdrawal = ""\n',
        tests=("tests/payments/unit/test_charge_occasion.py",),
    ),
    Bug(
        name="a lost automatic charge repeated without leave",
        file="services/payments/application/drive_payment.py",
        text="if payment.autopay_rule_id and not self._may_still_be_sent(payment):",
        wrong="if False:",
        tests=(_CRASHES,),
    ),
    Bug(
        name="a stale balance that opens an episode",
        file="services/payments/domain/autopay_rule.py",
        text="(seen is not None and as_of < seen)",
        wrong="False",
        tests=("tests/payments/unit/test_autopay_rule.py",),
    ),
    Bug(
        name="an automatic charge while money is under way",
        file="services/payments/domain/autopay_decision.py",
        text="if grounds.balance + grounds.under_way > trigger.minimum_balance",
        wrong="if False",
        tests=("tests/payments/unit/test_autopay_decision.py", "tests/payments/unit/test_autopay_engine.py"),
    ),
    Bug(
        name="another subscriber's payment shown",
        file="services/payments/application/read_payments.py",
        text="if payment is None or payment.subscriber_id != subscriber_id:",
        wrong="if payment is None:",
        tests=("tests/payments/integration/test_payments.py", "-k", "foreign"),
    ),
    Bug(
        name="no unique index over the idempotency key",
        file="services/payments/adapters/mongo_payments.py",
        text='            name="one_per_request",\n            unique=True,\n',
        wrong='            name="one_per_request",\n',
        tests=("tests/payments/integration/repositories/test_payments.py", "-k", "request_has_one"),
    ),
    Bug(
        name="a capture saved without its event",
        file="services/payments/adapters/mongo_payments.py",
        text="        with saving(payment):\n",
        wrong="        payment.pending_events = []\n        with saving(payment):\n",
        tests=("tests/payments/integration/test_payments.py", "-k", "20_times"),
    ),
    Bug(
        name="roubles in a float",
        file="services/payments/adapters/yookassa_amount.py",
        text="Money(int(match[1]) * 100 + int(match[2]), ",
        wrong='Money(int(float(amount["value"]) * 100), ',
        tests=("tests/payments/unit/test_yookassa_forms.py",),
    ),
    Bug(
        name="writes that a failover may take back (w: 1)",
        file="services/chassis/mongo.py",
        text='        w="majority",\n        journal=True,',
        wrong="        w=1,\n        journal=True,",
        tests=("tests/chassis/test_mongo.py",),
    ),
    Bug(
        name="the version not looked at by a save",
        file="services/chassis/mongo.py",
        text='return {"_id": save.document_id, "version": save.version}',
        wrong='return {"_id": save.document_id}',
        tests=("tests/chassis/test_mongo.py",),
    ),
    Bug(
        name="a message acknowledged before it is handled",
        file="services/chassis/consumer.py",
        text="        self.queue_consumer.began()\n",
        wrong="        self.queue_consumer.began()\n        message.ack()\n",
        tests=("tests/chassis/test_consumer.py", "-k", "kills_its_process"),
    ),
    Bug(
        name="a posting of unknown outcome refused, not looked up",
        file="services/accounts/application/settle_posting.py",
        text="            if booked is None:\n                raise\n            return booked",
        wrong="            raise",
        tests=("tests/accounts/unit/test_settle_posting.py",),
    ),
)
