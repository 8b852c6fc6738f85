"""The registry of the regions' billing systems: where each answers, how the line to it is protected, what it can do.

It is read by settings, in a process without gRPC too.
"""

import ssl
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.accounts.domain.posting_terms import PostingTerms
from services.chassis.tls import ClientTls

_ADDRESS = r"^(\[[0-9a-fA-F:]+\]|[^\s:/]+):[0-9]{1,5}$"
_FILES = ("ca_file", "certificate_file", "key_file")


class TlsMode(Enum):
    """How the line to a region is protected."""

    PLAINTEXT = "plaintext"
    TLS = "tls"
    MTLS = "mtls"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionEndpoint:
    """A region's billing system; limits that are None are those of all regions."""

    address: str
    tls: ClientTls | None = None
    calls: int | None = None
    timeout_s: float | None = None
    posting_terms: PostingTerms = field(default_factory=PostingTerms)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    address: str = Field(pattern=_ADDRESS)
    tls: TlsMode
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = Field(default=None, min_length=1)
    deduplicates_postings: bool
    posting_settles_after_s: float | None = Field(default=None, gt=0)
    calls: int | None = Field(default=None, gt=0)
    timeout_s: float | None = Field(default=None, gt=0)


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    defaults: dict[str, Any] = {}
    regions: list[dict[str, Any]]


def read_registry(file: Path, /) -> Mapping[str, RegionEndpoint]:
    """Return the endpoints of a registry by region; paths in it are relative to its folder.

    Raises ValueError, which names every region and field that does not fit.
    """
    try:
        document = _Document.model_validate_json(file.read_bytes())
    except (OSError, ValueError) as error:
        raise ValueError(f"{file}: no registry of regions: {error}") from None
    entries = [document.defaults | entry for entry in document.regions]
    problems = [
        f"region {entry.get('code', '?')}: {problem}" for entry in entries for problem in _problems(entry, file.parent)
    ]
    codes = Counter(str(entry.get("code")) for entry in entries)
    problems += [f"region {code}: code: it is there {times} times" for code, times in codes.items() if times > 1]
    if problems:
        raise ValueError("; ".join(problems))
    return {entry["code"]: _endpoint(_Entry.model_validate(entry), file.parent) for entry in entries}


def _problems(document: Mapping[str, Any], folder: Path) -> Iterator[str]:
    try:
        entry = _Entry.model_validate(document)
    except ValidationError as error:
        yield from (f"{_path(detail['loc'])}: {detail['msg']}" for detail in error.errors())
        return
    if not entry.deduplicates_postings and entry.posting_settles_after_s is None:
        yield "posting_settles_after_s: needed where postings are not deduplicated"
    wanted = {TlsMode.PLAINTEXT: (), TlsMode.TLS: _FILES[:1], TlsMode.MTLS: _FILES}[entry.tls]
    for name in _FILES:
        if getattr(entry, name) is not None and name not in wanted:
            yield f"{name}: of no use with tls = {entry.tls.value}"
        elif getattr(entry, name) is None and name in wanted[1:]:
            yield f"{name}: needed with tls = {entry.tls.value}"
    yield from _unreadable(entry, folder)


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location)


def _unreadable(entry: _Entry, folder: Path) -> Iterator[str]:
    """Say which certificates cannot be used: one that gRPC cannot read is told by a failed call at best."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ca, certificate, key = (_within(folder, getattr(entry, name)) for name in _FILES)
    if ca is not None:
        yield from _refused("ca_file", lambda: context.load_verify_locations(ca))
    if certificate is not None and key is not None:
        # A key that asks for a passphrase is refused: nobody is there to type it.
        yield from _refused("certificate_file, key_file", lambda: context.load_cert_chain(certificate, key, lambda: ""))


def _refused(name: str, load: Callable[[], None]) -> Iterator[str]:
    try:
        load()
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        yield f"{name}: {error}"


def _within(folder: Path, file: Path | None) -> Path | None:
    return None if file is None else folder / file


def _endpoint(entry: _Entry, folder: Path) -> RegionEndpoint:
    tls = ClientTls(
        ca_file=_within(folder, entry.ca_file),
        certificate_file=_within(folder, entry.certificate_file),
        key_file=_within(folder, entry.key_file),
        server_name=entry.server_name,
    )
    return RegionEndpoint(
        address=entry.address,
        tls=None if entry.tls is TlsMode.PLAINTEXT else tls,
        calls=entry.calls,
        timeout_s=entry.timeout_s,
        posting_terms=PostingTerms(
            deduplicates=entry.deduplicates_postings,
            settles_after=timedelta(seconds=entry.posting_settles_after_s or 0),
        ),
    )
