"""Keys and secrets of a local suite, made on the first start and kept in the run folder, readable by their owner only.

Every caller has an Ed25519 key of its own; the trust file holds the public halves, and `kid` is the caller's name. In a
real deployment the same files come from the cluster's secrets.
"""

import json
import os
import secrets
from pathlib import Path

from joserfc.jwk import KeySet, OKPKey

CALLERS = ("identity", "accounts", "payments", "documents", "content", "gateway")
REGIONS = ("77", "54", "25", "39", "66")
SECRETS = ("accounts", "documents", "identity", "gateway", "acquirer", "social", "broker")


class Keys:
    """The folder of keys of one suite."""

    def __init__(self, folder: Path) -> None:
        """Remember the folder; nothing is written yet."""
        self.folder = folder

    @property
    def trust_file(self) -> Path:
        """The public keys of all callers."""
        return self.folder / "trust.json"

    def caller(self, name: str) -> Path:
        """Return the file of a service's private key."""
        return self.folder / f"{name}.jwk.json"

    def region(self, code: str) -> Path:
        """Return the file of a region's private key."""
        return self.caller(f"region-{code}")

    @property
    def token_key(self) -> Path:
        """The private key with which identity signs access tokens; nobody trusts it for anything else."""
        return self.caller("access-tokens")

    def secret_file(self, name: str) -> Path:
        """Return the file of a random secret."""
        return self.folder / f"{name}.secret"

    def secret(self, name: str) -> str:
        """Return a random secret."""
        return self.secret_file(name).read_text()

    def make(self) -> None:
        """Make whatever is missing; what is there stays, since tokens and stored secrets hang on it."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        callers = {name: self.caller(name) for name in CALLERS}
        callers |= {f"region:{code}": self.region(code) for code in REGIONS}
        public = [_make_key(file, name).as_dict(private=False) for name, file in callers.items()]
        _make_key(self.token_key, f"access-{secrets.token_hex(8)}")
        for name in SECRETS:
            if not self.secret_file(name).exists():
                _write(self.secret_file(name), secrets.token_urlsafe(32))
        _write(self.trust_file, json.dumps(KeySet.import_key_set({"keys": public}).as_dict(private=False), indent=2))


def _make_key(file: Path, name: str) -> OKPKey:
    if not file.exists():
        key = OKPKey.generate_key("Ed25519", {"kid": name, "use": "sig"}, private=True)
        _write(file, json.dumps(key.as_dict(private=True), indent=2))
    return OKPKey.import_key(json.loads(file.read_text()))


def _write(file: Path, text: str) -> None:
    """Write in one step, so that a start that is interrupted leaves no half of a key."""
    draft = file.with_suffix(".draft")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(text)
    draft.replace(file)
