"""Which forms are taken for one word, and which are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.content.adapters.morphology import MorphologicalLexicon

LEXICON = MorphologicalLexicon()

FORMS = """
ирония:иронии,иронию,иронией судьба:судьбы,судьбою,судеб,судьбам звёзды:звезды,звезда,звёздами,звезд,ЗВЁЗДЫ
любовь:любви,любовью день:дня,днём,днем,дней ночь:ночи,ночей пёс:пса,псы,псом человек:людей,людям ребёнок:дети,ребенка
брат:братья,братьев друг:друзья,друзей сестра:сестёр,сестер окно:окон письмо:писем песня:песен,песнями ветер:ветра
лёд:льда,льдом лев:льва отец:отца кошка:кошек год:лет,годы время:времени,времён имя:имени белый:белая,белого,белые
синий:синего хороший:лучше идти:шёл,идёт москва:москве,москвой весна:вёсны,весен солнце:солнцем сердце:сердец
вокзал:вокзале земля:земель,землёй дождь:дождя платёж:платежа,платежи,платежей счёт:счёта,счетов карта:карты,картой
пароль:пароля войти:вошёл,войдите заказать:закажу payment:payments bill:bills order:ordered,orders
"""
PAIRS = [(word, form) for entry in FORMS.split() for word, forms in [entry.split(":")] for form in forms.split(",")]


@pytest.mark.parametrize(("word", "form"), PAIRS)
def test_joins_the_forms_of_a_word(word: str, form: str) -> None:
    (one,), (other,) = LEXICON.words_of(word), LEXICON.words_of(form)

    assert one & other


@pytest.mark.parametrize(
    ("one", "other"),
    [("звезда", "звено"), ("судьба", "судья"), ("город", "горох"), ("кот", "который"), ("огонь", "окно")],
)
def test_keeps_different_words_apart(one: str, other: str) -> None:
    (terms,), (others,) = LEXICON.words_of(one), LEXICON.words_of(other)

    assert not terms & others


def test_looks_for_the_words_that_count() -> None:
    assert len(LEXICON.wanted_words_of("как войти в кабинет")) == 2
    assert len(LEXICON.wanted_words_of("и не о")) == 3
    assert len(LEXICON.wanted_words_of("звёзды звёзды")) == 1
    assert LEXICON.wanted_words_of("«…» — !") == []


@given(st.text(max_size=200))
def test_takes_any_text(text: str) -> None:
    for terms in LEXICON.words_of(text):
        assert terms
        assert all(0 < len(term) <= 120 for term in terms)
