from pathlib import Path

import pytest
from django.conf import settings

from . import unmarked
from .texts import sources

LOOKED_AT = {
    **dict.fromkeys(sources("py"), unmarked.in_code),
    **dict.fromkeys([*sources("html"), *sources("txt")], unmarked.in_template),
    **dict.fromkeys(sources("js"), unmarked.in_script),
}
NOT_YET = (Path(__file__).parent / "not_marked_yet.txt").read_text().split()


def name(path) -> str:
    return str(path.relative_to(settings.BASE_DIR))


class TestMarked:
    """Texts are given to gettext; what is none and looks like one says "# not shown"."""

    @pytest.mark.parametrize("path", LOOKED_AT, ids=name)
    def test_is_whatever_people_see(self, path):
        if name(path) in NOT_YET:
            pytest.skip("not done yet")

        assert not [*LOOKED_AT[path](path)]


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
            '{% component "button.html" with title="Save" %}{% endcomponent %}',
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
            '{% component "button.html" with class="one two" %}{{ x }}{% endcomponent %}',
        ],
    )
    def test_leaves_alone_what_is_no_text_in_a_template(self, tmp_path, html):
        (path := tmp_path / "page.html").write_text(html)

        assert not [*unmarked.in_template(path)]

    def test_finds_a_text_in_a_script(self, tmp_path):
        (path := tmp_path / "page.js").write_text('show("Nothing changes");')

        assert [*unmarked.in_script(path)]
