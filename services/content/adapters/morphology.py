"""Which forms belong to one word: Russian by pymorphy3's dictionary, everything else by the English Snowball stemmer.

Chosen by measurement (docs/decisions/0009): of 128 pairs of Russian forms MongoDB's own stemmer joins 63,
the same with ё folded 73, the dictionary 123.
"""

import re
from functools import lru_cache
from typing import Any

import pymorphy3  # type: ignore[import-untyped]
import snowballstemmer  # type: ignore[import-untyped]

from services.content.domain.search import Terms

_WORD = re.compile(r"[^\W_]+")
_CYRILLIC = re.compile("[а-яё]")
_LONGEST_WORD = 60
_RUSSIAN_STOP_WORDS = """
а без бы в во для до ж же за и из или к ко как ли на над не ни но о об обо от по под при про с со у что это
"""
_ENGLISH_STOP_WORDS = "a an and at for from how i in is it my not of on or the to what with"
_STOP_WORDS = frozenset(f"{_RUSSIAN_STOP_WORDS} {_ENGLISH_STOP_WORDS}".split())


class MorphologicalLexicon:
    """Meets `Lexicon`. The dictionary is loaded at the first word, once per process: 0.1 s, 31 MB."""

    def words_of(self, text: str, /) -> list[Terms]:
        return [_terms(word) for word in _split(text)]

    def wanted_words_of(self, query: str, /) -> list[Terms]:
        words = _split(query)
        counting = [word for word in words if word not in _STOP_WORDS] or words
        return [_terms(word) for word in dict.fromkeys(counting)]


def folded(text: str, /) -> str:
    """Return the text in lower case with ё as е."""
    return text.lower().replace("ё", "е")


def _split(text: str) -> list[str]:
    return [word[:_LONGEST_WORD] for word in _WORD.findall(text.lower())]


@lru_cache(maxsize=20_000)
def _terms(word: str) -> Terms:
    """Return every dictionary form, with ё as е. Looked up as typed and folded: people type е for ё."""
    russian, english = _dictionaries()
    if not _CYRILLIC.search(word):
        return frozenset({english.stemWord(word)})
    return frozenset(folded(parse.normal_form) for form in {word, folded(word)} for parse in russian.parse(form))


@lru_cache(maxsize=1)
def _dictionaries() -> tuple[Any, Any]:
    return pymorphy3.MorphAnalyzer(lang="ru"), snowballstemmer.stemmer("english")
