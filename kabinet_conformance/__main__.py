"""`python -m kabinet_conformance`: examines a region's server and says what to mend.

Exit code 0: no rule is broken; 1: one is; 2: nobody answers, or the arguments are wrong.
"""

import shlex
import subprocess  # nosec B404
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from kabinet_conformance.examination import Finding, NotReachable, examine
from kabinet_conformance.report import has_failures, render_finding, render_json, render_summary
from kabinet_conformance.target import Target, read_key


def main(arguments: Sequence[str] | None = None, /) -> int:
    """Examine a region and print the report; return the exit code."""
    chosen = _parser().parse_args(arguments)
    findings: list[Finding] = []
    try:
        for finding in examine(_target(chosen), only=chosen.only):
            findings.append(finding)
            if not chosen.json:
                print(render_finding(finding), flush=True)
    except NotReachable as nobody:
        print(f"nothing to examine: {nobody}", file=sys.stderr)
        return 2
    print(render_json(findings) if chosen.json else f"\n{render_summary(findings)}")
    return 1 if has_failures(findings) else 0


def _target(chosen: Namespace) -> Target:
    kind, value = chosen.proof
    return Target(
        endpoint=chosen.endpoint,
        region=chosen.region,
        key=read_key(chosen.key_file),
        account=chosen.account,
        proof_kind=kind,
        proof_value=value,
        closed_account=chosen.closed_account,
        other_account=chosen.other_account,
        read_code=partial(_run, chosen.code_command) if chosen.code_command else None,
        deadline_s=chosen.deadline_s,
        ca_file=chosen.ca_file,
        certificate_file=chosen.certificate_file,
        certificate_key_file=chosen.certificate_key_file,
    )


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m kabinet_conformance", description="Examines a region's server.")
    parser.add_argument("--endpoint", required=True, help="host:port of the region's gRPC server")
    parser.add_argument("--region", required=True, help='code of the region, "54"')
    parser.add_argument("--key-file", required=True, type=Path, help="private key (JWK) that the region trusts")
    parser.add_argument("--account", required=True, help="an open account for the examination; money moves on it")
    parser.add_argument("--proof", required=True, type=_proof, help="kind=value, a fact that proves its ownership")
    parser.add_argument("--closed-account", default="", help="a closed account")
    parser.add_argument("--other-account", default="", help="a second open account")
    parser.add_argument("--code-command", help="prints the newest code that came to the contact of --account")
    parser.add_argument("--deadline-s", default=5.0, type=float, help="longest wait for one answer")
    parser.add_argument("--ca-file", type=Path, help="certificate of the CA: speak TLS")
    parser.add_argument("--certificate-file", type=Path, help="client certificate: speak mutual TLS")
    parser.add_argument("--certificate-key-file", type=Path, help="its private key")
    parser.add_argument("--only", nargs="*", default=(), help="rules to check, by the beginning of their ids")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser


def _run(command: str) -> str:
    """Return what a command of whoever runs the kit prints, without blanks around it."""
    done = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=60, check=True)  # nosec B603
    return done.stdout.strip()


def _proof(text: str) -> tuple[str, str]:
    kind, separator, value = text.partition("=")
    if not separator:
        raise ArgumentTypeError("kind=value is needed")
    return kind, value


if __name__ == "__main__":
    sys.exit(main())
