import pytest
from django import forms
from django.contrib import admin

from intranet.admin.moments import MomentField
from staff.models import User

pytestmark = pytest.mark.django_db


def every_form(request):
    """Yield each form that a superuser may fill in."""
    for model_admin in admin.site._registry.values():
        if not model_admin.has_change_permission(request):
            continue
        yield model_admin.get_form(request)
        for inline in model_admin.get_inline_instances(request):
            yield inline.get_formset(request).form


def test_every_day_with_a_time_on_a_page_knows_when_clocks_change(rf):
    request = rf.get("/")
    request.user = User(username="root", is_superuser=True)

    fields = [field for form in every_form(request) for field in form.base_fields.values()]
    moments = [
        field
        for field in fields
        if isinstance(field, forms.SplitDateTimeField | forms.DateTimeField)
    ]

    assert len(moments) >= 2
    assert all(isinstance(field, MomentField) for field in moments)
