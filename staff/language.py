"""Choosing the language of the pages and mails for oneself."""

from django import forms
from django.contrib import admin, messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminRadioSelectWidget

from intranet.languages import speaking

from .models import User


class LanguageForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["language"]
        widgets = {"language": UnfoldAdminRadioSelectWidget}


def choose_language(request):
    """Let the signed-in person choose the language of their pages and mails."""
    form = LanguageForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.instance.save(update_fields=["language"])
        with speaking(form.instance.language or request.LANGUAGE_CODE):
            messages.success(request, _("Your language is noted."))
        return redirect("admin:index")
    context = admin.site.each_context(request) | {"title": _("Language"), "form": form}
    return render(request, "staff/language.html", context)
