import re

import polib
import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db.models import CASCADE
from django.utils.functional import Promise

from intranet.trace.changes import TRACKED

from . import unmarked
from .texts import LANGUAGES, bound, catalogue, key, opened, sources, texts

LOOKED_AT = {
    **dict.fromkeys(sources("py"), unmarked.in_code),
    **dict.fromkeys([*sources("html"), *sources("txt")], unmarked.in_template),
    **dict.fromkeys(sources("js"), unmarked.in_script),
}
FACT = re.compile(r"%\(\w+\)[sd]|{\w*}|<[^>]+>|%%")
OWN = ["intranet", *settings.FLOORS]


def goes_along(field) -> bool:
    """Return whether rows are deleted with what a field leads to."""
    return field.is_relation and field.remote_field.on_delete is CASCADE


def is_marked(*texts) -> bool:
    return all(isinstance(it, Promise) for it in texts if it)


def said(entry) -> list[str]:
    return [*entry.msgstr_plural.values()] or [entry.msgstr]


def wrong_facts(entry) -> list[str]:
    """Return the translations of an entry that lack a fact, or have one too many."""
    facts = [set(FACT.findall(it)) for it in (entry.msgid, entry.msgid_plural) if it]
    return [it for it in said(entry) if set(FACT.findall(it)) not in facts]


def name(path) -> str:
    return str(path.relative_to(settings.BASE_DIR))


class TestMarked:
    """Texts are given to gettext; what is none and looks like one says "# not shown"."""

    @pytest.mark.parametrize("path", LOOKED_AT, ids=name)
    def test_is_whatever_people_see(self, path):
        assert not [*LOOKED_AT[path](path)]


class TestNumbers:
    """Sentences with numbers are phrases, which know the separators; only these call ngettext."""

    def test_have_separators(self):
        paths = [it for it in sources("py") if it.name != "phrases.py"]

        assert not [f"{name(it)}:{bare}" for it in paths for bare in unmarked.bare_numbers(it)]

    @pytest.mark.parametrize(
        "code",
        [
            '_("%(limit)d rows") % {"limit": LIMIT}',
            'ngettext("%(count)s row", "%(count)s rows", n) % {"count": n}',
            'partial(ngettext_lazy, "a row", "rows")',
        ],
    )
    def test_without_them_are_found(self, tmp_path, code):
        (path := tmp_path / "code.py").write_text(code)

        assert [*unmarked.bare_numbers(path)]

    @pytest.mark.parametrize(
        "code", ['_("line %(line)d")', 'phrase("%(limit)d rows", limit=LIMIT)']
    )
    def test_that_are_names_or_in_phrases_are_not(self, tmp_path, code):
        (path := tmp_path / "code.py").write_text(code)

        assert not [*unmarked.bare_numbers(path)]


class TestModels:
    """What Django makes of a name in the code cannot be translated."""

    def models(self):
        shown = {*TRACKED, *admin.site._registry}
        found = [it for app in OWN for it in apps.get_app_config(app).get_models()]
        cascading = [it for it in found if any(map(goes_along, it._meta.fields))]
        return [it for it in found if it in shown], {*shown, *cascading} & {*found}

    def test_are_named(self):
        names = {
            f"{model._meta.label}: {name}"
            for model in self.models()[1]
            for name in ("verbose_name", "verbose_name_plural")
            if not is_marked(getattr(model._meta, name))
        }

        assert not names

    def test_have_fields_and_choices_that_are(self):
        fields = [
            it
            for model in self.models()[0]
            for it in [*model._meta.local_fields, *model._meta.local_many_to_many]
            if it.editable and not it.primary_key
        ]
        bare = {str(it) for it in fields if not (is_marked(it.verbose_name, it.help_text))}
        bare |= {
            f"{it}: {label}"
            for it in fields
            for value, label in it.flatchoices
            if not is_marked(label) and value not in dict(settings.LANGUAGES)
        }

        assert not bare


class TestCatalogues:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_hold_all_texts_and_no_others(self, language):
        entries = {key(it): it for it in opened(language)}
        wanted = texts()

        assert not wanted - entries.keys(), "make texts"
        assert not [it for it in entries if it not in wanted and not entries[it].tcomment]

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_are_translated_whole(self, language):
        po = opened(language)

        assert not [it.msgid for it in po if it.fuzzy or it.obsolete or not it.translated()]

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_keep_the_facts_in_the_texts(self, language):
        assert not [it.msgid for it in opened(language) for said in wrong_facts(it)]

    def test_keep_french_punctuation_with_its_word(self):
        assert not [text for it in opened("fr") for text in said(it) if text != bound(text)]

    @pytest.mark.parametrize("language", [*LANGUAGES, "en_GB"])
    def test_are_compiled(self, language):
        po, compiled = opened(language), catalogue(language).with_suffix(".mo")
        mo = polib.mofile(str(compiled))

        assert {key(it): said(it) for it in mo} == {key(it): said(it) for it in po}, "make texts"


class TestFinding:
    @pytest.mark.parametrize(
        "code",
        [
            'raise Veto("No")',
            'messages.error(request, f"{name} has gone away")',
            'name = models.CharField("file", max_length=5)',
            'name = models.CharField(_("file"), help_text="short")',
            'class A(TextChoices):\n    ONE = "one"',
            'class A(TextChoices):\n    ONE = "one", "One"',
            'title = "Posts"',
            'x = {"title": "Posts"}',
            'def f(why="you may not do this"):\n    pass',
            '@display(description="File")\ndef f():\n    pass',
            'format_html("<a>{}</a>: <b>is gone</b>", x)',
            'x = ["one", "two things"]',
        ],
    )
    def test_finds_a_text_in_code(self, tmp_path, code):
        (path := tmp_path / "code.py").write_text(code)

        assert [*unmarked.in_code(path)]

    @pytest.mark.parametrize(
        "code",
        [
            '"""Returns what is gone."""',
            '"""Module."""\ndef f():\n    """Returns what is gone."""',
            'raise Veto(_("It is gone"))',
            'logger.info("It is gone")',
            'title = _("Posts")',
            'x = "font-semibold mb-2"',
            'x = format_html("<a class=\\"text link\\">{}</a>", y)',
            'x = "one two"  # not shown',
        ],
    )
    def test_leaves_alone_what_nobody_is_shown(self, tmp_path, code):
        (path := tmp_path / "code.py").write_text(code)

        assert not [*unmarked.in_code(path)]

    @pytest.mark.parametrize(
        "html",
        [
            "<p>Gone</p>",
            '<input placeholder="Name">',
            '<a aria-label="{{ it }} gone">x</a>',
            '{% button title="Save" %}{% endbutton %}',
            "{% blocktranslate %}One{% endblocktranslate %}<p>two</p>",
            "{{ count }} row{{ count|pluralize }}",
            '{{ it|yesno:"yes,no" }}',
        ],
    )
    def test_finds_a_text_in_a_template(self, tmp_path, html):
        (path := tmp_path / "page.html").write_text(html)

        assert [*unmarked.in_template(path)]

    @pytest.mark.parametrize(
        "html",
        [
            '<p class="text-link">{{ it }}</p>',
            "{% blocktranslate %}One{% endblocktranslate %}",
            '{% translate "One" as one %}<a title="{{ one }}">→</a>',
            "{# a comment #}<style>p { color: red }</style>",
            '{% button class="one two" %}{{ x }}{% endbutton %}',
        ],
    )
    def test_leaves_alone_what_is_no_text_in_a_template(self, tmp_path, html):
        (path := tmp_path / "page.html").write_text(html)

        assert not [*unmarked.in_template(path)]

    def test_finds_a_text_in_a_script(self, tmp_path):
        (path := tmp_path / "page.js").write_text('show("Nothing changes");')

        assert [*unmarked.in_script(path)]
