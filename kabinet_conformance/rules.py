"""What a rule is: an id, the sentence of the contract, advice, and a check that speaks to the region and raises."""

from collections.abc import Callable
from dataclasses import dataclass

from kabinet_conformance.region import Region

Check = Callable[[Region], None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the contract."""

    rule_id: str
    sentence: str
    advice: str
    check: Check


class RuleBook:
    """The rules of one area, in the order in which they are checked."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def rule(self, rule_id: str, sentence: str, /, *, advice: str) -> Callable[[Check], Check]:
        """Enter a check as a rule; the sentence is the contract's, the advice is for whoever writes the adapter."""

        def enter(check: Check) -> Check:
            self.rules.append(Rule(rule_id=rule_id, sentence=sentence, advice=advice, check=check))
            return check

        return enter
