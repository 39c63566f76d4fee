# ruff: noqa: RUF001
"""What a search takes for the same text, on every database alike."""

import sys
import unicodedata

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import CharField, F, TextField, Value
from django.db.models.functions import Concat

from intranet.folding import Fold, fold
from intranet.outbox.models import Notice
from staff.models import Profile, User
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db

SAME = [
    ("özgür", "ozgur"),
    ("ÖZGÜR", "ozgur"),
    ("éva", "eva"),
    ("e\N{COMBINING ACUTE ACCENT}va", "eva"),
    ("ИВАН", "иван"),
    ("Королёв", "королев"),
    ("Андрей", "андреи"),
    ("Şahin", "sahin"),
    ("Ștefan", "stefan"),
    ("IŞIK", "isik"),
    ("ışık", "isik"),
    ("İnci", "inci"),
    ("Ødegård", "odegard"),
    ("Łukasz Wałęsa", "lukasz walesa"),
    ("Đặng", "dang"),
    ("Þór Guðrún", "thor gudrun"),
    ("STRASSE Straße STRAẞE", "strasse strasse strasse"),
    ("Æsa Œuvre", "aesa oeuvre"),
    ("Əliyev", "eliyev"),
    ("ΝΊΚΟΣ", "νικοσ"),
    ("Νίκος", "νικοσ"),
    ("ﬁona", "fiona"),
    ("Ｊｏｈｎ", "john"),
    ("Ǆuro", "dzuro"),
    ("O’Brien", "o'brien"),
    ("Smith‑Jones", "smith-jones"),
    ("Ann\N{NO-BREAK SPACE}Lee", "ann lee"),
    ("zero\N{ZERO WIDTH SPACE}width", "zerowidth"),
    ("soft\N{SOFT HYPHEN}hyphen", "softhyphen"),
    ("\N{RIGHT-TO-LEFT MARK}שָׁלוֹם", "שלום"),
    ("مُحَمَّد", "محمد"),
    ("أحمد", "احمد"),
    ("علی", "علي"),
    ("محـمد", "محمد"),
    ("Nguyễn", "nguyen"),
    ("田中", "田中"),
    ("100%_a\\b", "100%_a\\b"),
    ("", ""),
]


def folded_by_database(texts: list[str]) -> list[str]:
    """Return `texts` as the database folds them, in one query."""
    Group.objects.get_or_create(name="one row")
    columns = {
        f"folded{number}": Fold(Value(text, output_field=TextField()))
        for number, text in enumerate(texts)
    }
    return list(Group.objects.filter(name="one row").values_list(*columns.values())[0])


class TestFold:
    @pytest.mark.parametrize(("text", "folded"), SAME)
    def test_takes_case_accents_and_forms_away(self, text, folded):
        assert fold(text) == folded

    @pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
    def test_is_the_same_in_every_normal_form(self, form):
        for text, folded in SAME:
            assert fold(unicodedata.normalize(form, text)) == folded

    def test_changes_nothing_the_second_time(self):
        letters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD7FF < code < 0xE000]

        assert [letter for letter in letters if fold(fold(letter)) != fold(letter)] == []


class TestDatabase:
    def test_folds_the_table_as_the_code_does(self):
        assert folded_by_database([text for text, _ in SAME]) == [folded for _, folded in SAME]

    def test_folds_every_letter_of_the_old_scripts_as_the_code_does(self):
        """Up to the symbols: newer letters depend on the year of either Unicode table."""
        codes = [*range(1, 0x2C00), *range(0xFB00, 0xFFFE)]
        letters = [chr(code) for code in codes if unicodedata.category(chr(code)) != "Cn"]
        text = "\n".join(f"a{letter}b" for letter in letters)

        assert folded_by_database([text]) == [fold(text)]

    def test_leaves_null_alone(self):
        make_user()

        assert list(Profile.objects.values_list(Fold("staff_number"))) == [(None,)]

    def test_folds_an_expression_with_values_of_its_own(self):
        make_user("ada", first_name="Éva")
        people = User.objects.annotate(
            shown=Concat(Value("Ö"), F("first_name"), output_field=CharField())
        )

        assert people.get(shown__folded="oeva").username == "ada"


class TestLookup:
    @pytest.fixture
    def finds(self):
        def finds(stored, term):
            Group.objects.filter(name__startswith="it is ").delete()
            Group.objects.create(name=f"it is {stored}")
            return Group.objects.filter(name__folded=term).exists()

        return finds

    @pytest.mark.parametrize("name", ["Özgür", "ÖZGÜR", "özgür", "O\u0308ZGU\u0308R"])
    @pytest.mark.parametrize("term", ["özgür", "ÖZGÜR", "ozgur", "OZGUR", "o\u0308zg", "ZGÜ"])
    def test_finds_ozgur_however_either_is_written(self, finds, name, term):
        assert finds(name, term)

    @pytest.mark.parametrize("term", ["%", "_", "\\", "Ev_", "E%a", "\\%"])
    def test_takes_wildcards_for_what_they_are(self, finds, term):
        assert not finds("Eva", term)
        assert finds(f"10 {term} 20", term)

    def test_does_not_find_another_letter(self, finds):
        assert not finds("Éva", "ava")

    @pytest.mark.parametrize("term", ["e\0va", "\ud800eva", "eva\udfff"])
    def test_bears_what_no_database_can_store(self, finds, term):
        assert finds("Éva", term)

    def test_searches_long_text(self):
        Notice.objects.create(recipient=make_user(), message="It", detail="Žofie " * 5000)

        assert Notice.objects.filter(detail__folded="ZOFIE zofie").exists()


class TestSearchBoxes:
    @pytest.mark.parametrize(
        "model_admin", admin.site._registry.values(), ids=lambda it: it.opts.label
    )
    def test_fold_every_text_they_search(self, model_admin, rf):
        for path in model_admin.get_search_fields(rf.get("/")):
            assert path.endswith("__folded") or path in {"address"}

    @pytest.mark.parametrize("path", ["=username", "^email", "last_name__exact", "groups"])
    def test_keep_a_way_of_searching_that_was_chosen(self, path):
        assert admin.site.get_model_admin(User).folded(path) == path

    def test_fold_what_a_relation_leads_to(self):
        path = "profile__department__name"

        assert admin.site.get_model_admin(User).folded(path) == f"{path}__folded"
