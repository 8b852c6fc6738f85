"""What the machine must not guess and hands to a person, with the words in which the person reads it."""

from enum import Enum


class Problem(Enum):
    """Why a payment needs a person."""

    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"
    ANOTHER_PAYMENT = "ANOTHER_PAYMENT"
    CHARGEBACK = "CHARGEBACK"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    POSTING_CONTRADICTED = "POSTING_CONTRADICTED"
    POSTING_IMPOSSIBLE = "POSTING_IMPOSSIBLE"
    REFUND_IMPOSSIBLE = "REFUND_IMPOSSIBLE"
    REVERSAL_NEEDED = "REVERSAL_NEEDED"


IN_WORDS = {
    Problem.AMOUNT_DIFFERS: "Acquirer or region tell another sum than ours. Compare the three books first.",
    Problem.ANOTHER_PAYMENT: "The acquirer's payment carries another id than ours. Find out whose money it is.",
    Problem.CHARGEBACK: "The payer's bank disputes the payment. Answer the acquirer in time; nothing was posted back.",
    Problem.OUTCOME_UNKNOWN: "Unknown for a day. Ask the acquirer's support, then record what it says: record-outcome.",
    Problem.POSTING_CONTRADICTED: "The region says two things about one posting. Look into its ledger.",
    Problem.POSTING_IMPOSSIBLE: "Accounts will never post it as it is. Find the right account, or refund all of it.",
    Problem.REFUND_IMPOSSIBLE: "The acquirer refuses the refund: agree with the payer on another way to give it back. "
    "Or it has not known it for a day: ask its support, then record what it says by record-refund.",
    Problem.REVERSAL_NEEDED: "Given back to the payer. Have the region take it out of its books; then record-reversal.",
}
