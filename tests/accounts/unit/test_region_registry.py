"""The registry of regions: what is read, and that whatever does not fit is told by region and field."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.accounts.adapters.region_registry import RegionEndpoint, read_registry
from services.accounts.config import Settings
from services.accounts.domain.posting_terms import PostingTerms
from services.chassis.tls import ClientTls
from tests.support.certificates import Authority

_PLAIN = {"code": "54", "address": "billing.example:50061", "tls": "plaintext", "deduplicates_postings": True}
_FORGETFUL = {"deduplicates_postings": False, "posting_settles_after_s": 60}


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Its files lie in the registry's folder: ca.pem, accounts.pem, accounts.key.pem, other.pem."""
    subject = Authority(tmp_path)
    subject.vouch_for("accounts")
    subject.vouch_for("other")
    return subject


def _registry(folder: Path, *entries: dict[str, Any], **defaults: Any) -> Path:
    file = folder / "regions.json"
    file.write_text(json.dumps({"defaults": defaults, "regions": list(entries)}))
    return file


def _settings(**own: Any) -> Settings:
    required = dict.fromkeys(
        ("mongo_url", "mongo_database", "amqp_url", "service_key_file", "secret_key_file", "trust_file"), "x"
    )
    return Settings(**(required | own))


def test_reads_address_protection_limits_and_abilities(authority: Authority, tmp_path: Path) -> None:
    mutual = {
        "code": "77",
        "address": "[::1]:443",
        "tls": "mtls",
        "ca_file": "ca.pem",
        "certificate_file": "accounts.pem",
        "key_file": "accounts.key.pem",
        "server_name": "billing.msk.example",
        "calls": 2,
        "timeout_s": 1.5,
    }

    read = read_registry(_registry(tmp_path, _PLAIN, mutual | _FORGETFUL))

    assert read == {
        "54": RegionEndpoint(address="billing.example:50061"),
        "77": RegionEndpoint(
            address="[::1]:443",
            tls=ClientTls(
                ca_file=authority.ca_file,
                certificate_file=tmp_path / "accounts.pem",
                key_file=tmp_path / "accounts.key.pem",
                server_name="billing.msk.example",
            ),
            calls=2,
            timeout_s=1.5,
            posting_terms=PostingTerms(deduplicates=False, settles_after=timedelta(seconds=60)),
        ),
    }


def test_what_holds_for_most_regions_is_said_once(tmp_path: Path) -> None:
    entries = [{"code": "54", "address": "a:1"}, {"code": "77", "address": "b:2", "tls": "tls"}]

    read = read_registry(_registry(tmp_path, *entries, tls="plaintext", deduplicates_postings=True))

    assert (read["54"].tls, read["77"].tls) == (None, ClientTls())


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"address": "billing.example"}, "region 54: address: "),
        ({"address": "https://billing.example:443"}, "region 54: address: "),
        ({"tls": "ssl"}, "region 54: tls: "),
        ({"tsl": "tls"}, "region 54: tsl: "),
        ({"calls": 0}, "region 54: calls: "),
        ({"timeout_s": -1}, "region 54: timeout_s: "),
        ({"deduplicates_postings": None}, "region 54: deduplicates_postings: "),
        ({"deduplicates_postings": False}, "region 54: posting_settles_after_s: needed"),
        ({"ca_file": "ca.pem"}, "region 54: ca_file: of no use with tls = plaintext"),
        ({"tls": "tls", "key_file": "accounts.key.pem"}, "region 54: key_file: of no use with tls = tls"),
        ({"tls": "tls", "ca_file": "absent.pem"}, "region 54: ca_file: [Errno 2]"),
        ({"tls": "tls", "ca_file": "accounts.key.pem"}, "region 54: ca_file: "),
        ({"tls": "mtls", "key_file": "accounts.key.pem"}, "region 54: certificate_file: needed with tls = mtls"),
        (
            {"tls": "mtls", "certificate_file": "other.pem", "key_file": "accounts.key.pem"},
            "region 54: certificate_file, key_file: [X509: KEY_VALUES_MISMATCH]",
        ),
    ],
)
@pytest.mark.usefixtures("authority")
def test_names_the_region_and_the_field_that_does_not_fit(
    tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError) as refused:
        read_registry(_registry(tmp_path, _PLAIN | changes))

    assert complaint in str(refused.value)


def test_tells_all_that_is_wrong_at_once(tmp_path: Path) -> None:
    entries = [_PLAIN | {"address": ""}, _PLAIN | {"code": "77", "calls": 0}, _PLAIN | {"code": "25"}]

    with pytest.raises(ValueError) as refused:
        read_registry(_registry(tmp_path, *entries, _PLAIN))

    assert [part.split(": ")[:2] for part in str(refused.value).split("; ")] == [
        ["region 54", "address"],
        ["region 77", "calls"],
        ["region 54", "code"],
    ]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"regions": {}, "defaults": 1}', '{"regions": [1]}'])
def test_refuses_what_is_no_registry(tmp_path: Path, text: str) -> None:
    file = tmp_path / "regions.json"
    file.write_text(text)

    with pytest.raises(ValueError, match="no registry of regions"):
        read_registry(file)


def test_settings_join_the_registry_and_the_short_form(authority: Authority, tmp_path: Path) -> None:
    settings = _settings(
        region_registry_file=_registry(tmp_path, _PLAIN), region_endpoints="77=b:2", tls_ca_file=authority.ca_file
    )

    assert settings.endpoints == {
        "54": RegionEndpoint(address="billing.example:50061"),
        "77": RegionEndpoint(address="b:2", tls=ClientTls(ca_file=authority.ca_file)),
    }


@pytest.mark.parametrize(
    ("entry", "own", "complaint"),
    [
        (_PLAIN, {"region_endpoints": "54=b:2"}, "in REGION_ENDPOINTS and in the registry: region 54"),
        (_PLAIN | _FORGETFUL, {"posting_lease_s": 60}, "region 54: posting_settles_after_s: must be longer"),
        (_PLAIN | _FORGETFUL | {"timeout_s": 5}, {"posting_lease_s": 15}, "region 54: timeout_s: 3 calls must fit"),
        (_PLAIN | _FORGETFUL, {"region_timeout_s": 5, "posting_lease_s": 15}, "region 54: timeout_s: 3 calls must fit"),
    ],
)
def test_settings_refuse_what_does_not_go_together(
    tmp_path: Path, entry: dict[str, Any], own: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        _settings(region_registry_file=_registry(tmp_path, entry), **own)
