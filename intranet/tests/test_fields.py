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
from django.utils.safestring import mark_safe
from unfold.admin import StackedInline, TabularInline
from unfold.forms import Fieldset
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from documents.tests.factories import make_document
from intranet.drawing import Renderer
from intranet.templatetags.fields import lines_of
from intranet.templatetags.look import table_of
from intranet.tests.pages import posted
from staff.tests.factories import make_superuser, make_user

ROWS = '{% for line in fieldset %}{% include "unfold/helpers/fieldset_row.html" %}{% endfor %}'
HOSTILE = '<b class="x">&'
OWN = re.compile(
    r' aria-label="[^"]*"|<th[^>]*>\s*(<span class="read-aloud">[^<]*</span>)?\s*</th>'
    r'|<div class="hidden form-(actions|delete)[^>]*>\s*</div>'
)  # names, also of the column to remove in, and no places for buttons that are not there
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
class TestInlines:
    def drawn(self, client, person, data, by_theme):
        """Return profile and papers; each time of a page of its own, for drawing changes it."""
        url = reverse("admin:staff_user_change", args=[person.pk])
        page = client.get(url)
        page = client.post(url, posted(page, **data)) if data else page
        shown, ours = page.context_data["inline_admin_formsets"], engines["django"].engine
        theirs = Engine([Path(unfold.__file__).parent / "templates"], libraries=ours.libraries)
        theirs.template_builtins = ours.template_builtins
        for it in shown:
            name = it.opts.template
            if by_theme:
                name = StackedInline.template
                name = TabularInline.template if isinstance(it.opts, TabularInline) else name
            context = {"inline_admin_formset": it, "adminform": page.context_data["adminform"]}
            yield (theirs if by_theme else ours).get_template(name).render(Context(context))

    @pytest.mark.parametrize("rights", [None, ["view_user", "view_profile", "view_document"]])
    @pytest.mark.parametrize("data", [{}, {"documents-0-title": "x" * 999, "profile-0-phone": "?"}])
    def test_show_what_the_theme_s_templates_show_with_names(self, client, data, rights):
        person, boss = make_user("ann"), make_superuser()
        make_document(person, title=HOSTILE)
        if rights:
            boss, data = make_user("boss", is_staff=True), {}
            boss.user_permissions.set(Permission.objects.filter(codename__in=rights))
        client.force_login(boss)

        profile, papers = self.drawn(client, person, data, by_theme=False)
        expected = [*self.drawn(client, person, data, by_theme=True)]

        assert bool(rights) != ('aria-label="' in papers)
        for mine, other in zip((profile, papers), expected, strict=True):
            assert parse_html(OWN.sub("", mine)) == parse_html(OWN.sub("", other))


class TestButtons:
    @pytest.mark.parametrize(
        "said",
        [
            "submit=1 form='a' name='b' value='c'",
            "href='/a/?b=1&c=2' variant='default' icon='home'",
            "variant='secondary' class='one two'",
            "href='/' variant='danger'",
            "",
        ],
    )
    def test_look_as_the_theme_s(self, said):
        ours = "{% load buttons %}{% button " + said + " %}{{ text }}{% endbutton %}"
        theirs = '{% component "unfold/components/button.html" with variant="primary" '
        theirs = "{% load unfold %}" + theirs + said + " %}{{ text }}{% endcomponent %}"
        context = {"text": HOSTILE}

        drawn, expected = (Template(it).render(Context(context)) for it in (ours, theirs))

        assert parse_html(drawn) == parse_html(expected)


class TestTables:
    def test_look_as_the_theme_s(self):
        table = {"headers": ["when", HOSTILE], "rows": [[1, HOSTILE], ["2", mark_safe("<b>x</b>")]]}
        theirs = '{% component "unfold/components/table.html" with table=table %}{% endcomponent %}'
        theirs = Template("{% load unfold %}" + theirs).render(Context({"table": table}))

        assert parse_html(table_of(table)) == parse_html(theirs)


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
            UnfoldAdminDateWidget(),
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
