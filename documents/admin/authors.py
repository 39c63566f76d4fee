"""Whoever deletes people who wrote posts may hand these over to somebody else."""

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from intranet.admin.bulk import offer_on_delete
from intranet.admin.search import RowSelect
from intranet.trace.changes import update
from intranet.vetoes import Veto
from staff.models import User

from ..models import Post


class NewAuthorForm(forms.Form):
    new_author = forms.ModelChoiceField(
        User.objects.active(),
        required=False,
        label=gettext_lazy("New author of their posts"),
        help_text=gettext_lazy("Without one, the posts have no author any more."),
        widget=RowSelect(Post._meta.get_field("author"), admin.site),
    )


def posts_of(people: QuerySet) -> QuerySet[Post]:
    return Post.objects.filter(author__in=people.order_by().values("pk"))


def hand_over(people: QuerySet, new_author: User | None) -> None:
    if new_author:
        if people.filter(pk=new_author.pk):
            says = _("%(person)s is to be deleted as well: choose somebody else as author.")
            raise Veto(says % {"person": new_author})
        update(posts_of(people), author=new_author)


offer_on_delete(User, lambda people: posts_of(people).exists(), NewAuthorForm, hand_over)
