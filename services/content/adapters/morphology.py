"""Which forms belong to one word: Russian by pymorphy3's dictionary, everything else by the English Snowball stemmer.

Chosen by measurement (docs/decisions/content-search.md): of 128 pairs of Russian forms MongoDB's own stemmer joins 63,
the same with ё folded 73, the dictionary 123.
"""

import re
from functools import lru_cache

import pymorphy3
import snowballstemmer

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
    """Meets `Lexicon`. Loads its dictionary once: 0.1 s, 31 MB."""

    def __init__(self) -> None:
        self._morphology = pymorphy3.MorphAnalyzer(lang="ru")
        self._stemmer = snowballstemmer.stemmer("english")
        self._terms = lru_cache(maxsize=20_000)(self._look_up)

    def words_of(self, text: str, /) -> list[Terms]:
        return [self._terms(word) for word in _split(text)]

    def wanted_words_of(self, query: str, /) -> list[Terms]:
        words = _split(query)
        counting = [word for word in words if word not in _STOP_WORDS] or words
        return [self._terms(word) for word in dict.fromkeys(counting)]

    def _look_up(self, word: str) -> Terms:
        """Return every dictionary form, with ё as е. Looked up as typed and folded: people type е for ё."""
        if not _CYRILLIC.search(word):
            return frozenset({self._stemmer.stemWord(word)})
        return frozenset(
            folded(parse.normal_form) for form in {word, folded(word)} for parse in self._morphology.parse(form)
        )


def folded(text: str, /) -> str:
    """Return the text in lower case with ё as е."""
    return text.lower().replace("ё", "е")


def _split(text: str) -> list[str]:
    return [word[:_LONGEST_WORD] for word in _WORD.findall(text.lower())]
