"""How a check says what it found: it returns, or raises one of these."""


class Broken(Exception):
    """The region does not keep the rule; the text says what came instead."""


class NotApplicable(Exception):
    """The rule cannot be checked here; the text says what is missing."""


def expect(holds: object, otherwise: str, /) -> None:
    """Go on when something holds; say what is wrong when not."""
    if not holds:
        raise Broken(otherwise)
