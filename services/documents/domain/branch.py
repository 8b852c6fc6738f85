"""The branch that issues a region's bills and the requisites it is paid by, checked like a bank would."""

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

_WEIGHTS = (7, 1, 3)
_INN_WEIGHTS = (2, 4, 10, 3, 5, 9, 4, 6, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """Bank requisites. A mistyped digit is found by the check digits, at the start rather than in a payer's bank.

    Sources: account keys by Bank of Russia's order 515 of 08.09.1997, INN by FNS's order ММВ-7-6/435@.
    """

    name: str
    inn: str
    kpp: str
    account: str
    bank: str
    bic: str
    correspondent_account: str

    def __post_init__(self) -> None:
        _require(0 < len(self.name) <= 160 and "|" not in self.name, "name")
        _require(0 < len(self.bank) <= 45 and "|" not in self.bank, "bank")
        _require(_digits(self.inn, 10) and _inn_key(self.inn) == int(self.inn[9]), "inn")
        _require(_digits(self.kpp, 9), "kpp")
        _require(_digits(self.bic, 9), "bic")
        _require(_digits(self.account, 20) and _account_key(self.bic[6:], self.account) == 0, "account")
        correspondent = self.correspondent_account
        _require(
            _digits(correspondent, 20) and _account_key(f"0{self.bic[4:6]}", correspondent) == 0,
            "correspondent_account",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """Who issues the bills of a region."""

    name: str
    time_zone: ZoneInfo
    phone: str
    payee: Payee


@dataclass(frozen=True, slots=True, kw_only=True)
class Branches:
    """All branches by region code, and the one for regions without a branch of their own."""

    by_region: dict[str, Branch]
    default: Branch

    def of(self, region: str, /) -> Branch:
        return self.by_region.get(region, self.default)


def _require(holds: bool, field: str) -> None:
    if not holds:
        raise ValueError(f"payee requisites: {field} is not valid")


def _digits(text: str, length: int) -> bool:
    return re.fullmatch(rf"[0-9]{{{length}}}", text) is not None


def _account_key(prefix: str, account: str) -> int:
    digits = f"{prefix}{account}"
    return sum(int(digit) * _WEIGHTS[place % 3] % 10 for place, digit in enumerate(digits)) % 10


def _inn_key(inn: str) -> int:
    return sum(int(digit) * weight for digit, weight in zip(inn[:9], _INN_WEIGHTS, strict=True)) % 11 % 10
