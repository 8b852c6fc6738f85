"""The kinds of difference in words: what each one says, and what an operator does about it."""

from deploy.audit.comparison import Kind

SAYS = {
    Kind.CHARGE_UNKNOWN: "the acquirer has taken money that we do not call captured",
    Kind.CHARGE_ABSENT: "we call money captured of which the acquirer knows nothing",
    Kind.CHARGE_AMOUNT_DIFFERS: "the acquirer has taken another sum than we call captured",
    Kind.CHARGED_TWICE: "the acquirer has taken one payment of ours more than once",
    Kind.REFUND_UNKNOWN: "the acquirer has given back more than we know of",
    Kind.REFUND_ABSENT: "we call more given back than the acquirer has",
    Kind.POSTING_UNKNOWN: "a posting of a payment that we do not call credited",
    Kind.POSTING_ABSENT: "we call a payment credited that has no posting",
    Kind.POSTING_AMOUNT_DIFFERS: "another sum was posted than paid",
    Kind.CREDIT_UNKNOWN: "the region has credited a payment that we do not call posted there",
    Kind.CREDIT_ABSENT: "we call a payment posted, and the region has nothing: the subscriber's money is lost",
    Kind.CREDIT_AMOUNT_DIFFERS: "the region has credited another sum than was posted",
    Kind.CREDITED_TWICE: "the region has credited one payment more than once",
    Kind.NOT_BALANCED: "what was captured and not given back is not what the region is to show",
}

TO_DO = {
    Kind.CHARGE_UNKNOWN: "Look at the payment by `python -m services.payments show`; if nobody bought anything for it, "
    "give it back in the acquirer's cabinet, which closes this.",
    Kind.CHARGE_ABSENT: "Ask the acquirer's support about its id at once: money was credited that may not be there.",
    Kind.CHARGE_AMOUNT_DIFFERS: "Ask the acquirer's support which sum it is; correct whichever book is wrong.",
    Kind.CHARGED_TWICE: "Give the second one back in the acquirer's cabinet at once, which closes this.",
    Kind.REFUND_UNKNOWN: "Somebody gave it back past us: find out who, and have the region take it out of its books.",
    Kind.REFUND_ABSENT: "Ask the acquirer's support about the refund: the payer may still wait for the money.",
    Kind.POSTING_UNKNOWN: "Look at both by `show` and in `postings`: either the capture was lost, or money was posted "
    "that nobody paid (I1).",
    Kind.POSTING_ABSENT: "Look at it by `python -m services.payments show` and ask the region whether it has it.",
    Kind.POSTING_AMOUNT_DIFFERS: "Compare with the acquirer's sum; the region corrects what it was told wrongly.",
    Kind.CREDIT_UNKNOWN: "Look at its posting: requested settles by itself, of a refused one the region takes it back, "
    "without one ask the region where the id came from.",
    Kind.CREDIT_ABSENT: "Ask the region at once what became of its books of that moment; it posts the payment by hand "
    "under its id. Never post it from here.",
    Kind.CREDIT_AMOUNT_DIFFERS: "The region corrects its posting.",
    Kind.CREDITED_TWICE: "The region takes the second one back; if it does not deduplicate, look at its "
    "`posting_settles_after_s`.",
    Kind.NOT_BALANCED: "Look at its history by `python -m services.payments show`: one of its own sums is wrong.",
}
