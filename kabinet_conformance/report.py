"""The report: for people who have to mend an adapter, and as JSON for their build."""

import json
from collections import Counter
from collections.abc import Sequence

from kabinet_conformance.examination import Finding, Outcome

_SHOWN = 6


def render_finding(finding: Finding, /) -> str:
    """Return a finding as text: one line, and for a failed rule all that is needed to act on it."""
    line = f"{finding.rule.rule_id}  {finding.outcome.value:<7}  {finding.rule.sentence}"
    if finding.outcome is Outcome.SKIPPED:
        return f"{line}\n       because  {finding.because}"
    if finding.outcome is Outcome.PASSED:
        return line
    calls = [
        line
        for exchange in finding.exchanges[-_SHOWN:]
        for line in (f"       sent     {exchange.sent}", f"       came     {exchange.received}")
    ]
    return "\n".join([line, f"       found    {finding.because}", *calls, f"       to do    {finding.rule.advice}"])


def render_summary(findings: Sequence[Finding], /) -> str:
    """Return the last line of a report."""
    count = Counter(finding.outcome for finding in findings)
    return ", ".join(f"{count[outcome]} {outcome.value}" for outcome in Outcome)


def render_json(findings: Sequence[Finding], /) -> str:
    """Return the report as JSON."""
    rows = [
        {
            "rule": finding.rule.rule_id,
            "sentence": finding.rule.sentence,
            "outcome": finding.outcome.value,
            "because": finding.because,
            "advice": finding.rule.advice if finding.outcome is Outcome.FAILED else "",
            "exchanges": [{"sent": it.sent, "received": it.received} for it in finding.exchanges],
        }
        for finding in findings
    ]
    return json.dumps({"summary": Counter(row["outcome"] for row in rows), "rules": rows}, ensure_ascii=False, indent=2)


def has_failures(findings: Sequence[Finding], /) -> bool:
    """Tell whether a rule is broken."""
    return any(finding.outcome is Outcome.FAILED for finding in findings)
