"""Fields are drawn as the theme's and Django's templates would draw them."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import unfold
from django import forms
from django.contrib.auth.models import Permission
from django.forms.renderers import TemplatesSetting
from django.template import Context, Engine, Template, engines
from django.test.html import parse_html
from django.urls import reverse
from unfold.forms import Fieldset
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from documents.tests.factories import make_document
from intranet.drawing import Renderer
from intranet.templatetags.fields import lines_of
from staff.tests.factories import make_superuser, make_user
from staff.tests.test_admin_people import posted

ROWS = '{% for line in fieldset %}{% include "unfold/helpers/fieldset_row.html" %}{% endfor %}'
HOSTILE = '<b class="x">&'
NAME = re.compile(' aria-label="[^"]*"')
CHOICES = [("", "-"), (True, HOSTILE), ("Group", [(1, "one"), (HOSTILE, "two")])]


def by_theme(fieldset, is_compressed):
    page = SimpleNamespace(compressed_fields=is_compressed, conditional_fields={})
    context = {"fieldset": fieldset, "adminform": SimpleNamespace(model_admin=page)}
    return parse_html(Template("{% load unfold %}" + ROWS).render(Context(context)))


def fieldsets(page):
    """Return each fieldset of a page, those of inlines as well."""
    yield from page.context_data["adminform"]
    for inline in page.context_data["inline_admin_formsets"]:
        for form in inline:
            yield from form


@pytest.mark.django_db
class TestLines:
    @pytest.mark.parametrize("is_compressed", [True, False])
    @pytest.mark.parametrize("rights", [None, ["staff.view_user", "staff.view_profile"]])
    @pytest.mark.parametrize("data", [None, {"first_name": "", "email": HOSTILE}])
    def test_show_what_the_theme_s_templates_show(self, client, data, rights, is_compressed):
        person, boss = make_user("ann"), make_superuser()
        if rights:
            boss = make_user("boss", is_staff=True)
            names = [it.split(".")[1] for it in rights]
            boss.user_permissions.set(Permission.objects.filter(codename__in=names))
        client.force_login(boss)
        url = reverse("admin:staff_user_change", args=[person.pk])
        page = client.get(url)
        if data and not rights:
            page = client.post(url, posted(page, **data))
            assert page.context_data["errors"]

        found = list(fieldsets(page))

        assert len(found) > 2
        for it in found:
            assert parse_html(lines_of(it, is_compressed)) == by_theme(it, is_compressed)

    def test_hide_a_line_of_hidden_fields_and_help_with_the_rest(self):
        class Form(forms.Form):
            secret = forms.CharField(widget=forms.HiddenInput)
            box = forms.BooleanField(help_text="<i>Tick</i> it")
            word = forms.CharField(help_text="A word", label=HOSTILE)

        lines = Fieldset(Form({}), fields=["secret", ("box", "word")], model_admin=None)

        drawn = lines_of(lines, True)

        assert parse_html(drawn) == by_theme(lines, True)
        assert "hidden" in drawn.split(">")[0]


@pytest.mark.django_db
class TestCells:
    def rows(self, client, person, engine, data):
        """Return the rows of papers; each time of a page of their own, for drawing changes it."""
        url = reverse("admin:staff_user_change", args=[person.pk])
        page = client.get(url)
        page = client.post(url, posted(page, **data)) if data else page
        shown = page.context_data["inline_admin_formsets"]
        [papers] = [it for it in shown if it.formset.prefix == "documents"]
        row = engine.get_template("unfold/helpers/edit_inline/tabular_group.html")
        context = {"inline_admin_formset": papers, "forloop": {"last": False, "revcounter": 2}}
        return [row.render(Context(context | {"inline_admin_form": it})) for it in papers]

    @pytest.mark.parametrize("data", [{}, {"documents-0-title": "x" * 999}])
    def test_show_what_the_theme_s_template_shows_with_names(self, client, data):
        person, ours = make_user("ann"), engines["django"].engine
        make_document(person, title=HOSTILE)
        client.force_login(make_superuser())
        theirs = Engine([Path(unfold.__file__).parent / "templates"], libraries=ours.libraries)
        theirs.template_builtins = ours.template_builtins

        pairs = zip(*(self.rows(client, person, it, data) for it in (ours, theirs)), strict=True)

        for mine, other in pairs:
            assert 'aria-label="' in mine
            assert parse_html(NAME.sub("", mine)) == parse_html(other)


class TestWidgets:
    @pytest.mark.parametrize("value", [None, "", 0, True, HOSTILE, "1"])
    @pytest.mark.parametrize(
        "widget",
        [
            forms.TextInput({"required": True, "disabled": False, "title": HOSTILE}),
            forms.NumberInput(),
            forms.HiddenInput(),
            forms.DateInput(),
            forms.CheckboxInput(),
            forms.PasswordInput(),
            forms.Select({"class": "x"}, choices=CHOICES),
            UnfoldAdminSelectWidget(choices=CHOICES),
            UnfoldAdminTextInputWidget(),
        ],
        ids=lambda it: type(it).__name__,
    )
    def test_are_drawn_as_by_their_templates(self, widget, value):
        drawn = widget.render("it", value, {"id": "x"}, renderer=Renderer())

        expected = widget.render("it", value, {"id": "x"}, renderer=TemplatesSetting())
        assert parse_html(drawn) == parse_html(expected)

    def test_are_called_as_their_form_calls_them(self):
        drawn = forms.TextInput({"name": "another"}).render("it", "", renderer=Renderer())

        assert drawn == '<input type="text" name="it">'
