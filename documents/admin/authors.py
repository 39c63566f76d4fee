"""Whoever deletes people who wrote posts may hand these over to somebody else."""

from django import forms
from django.contrib import admin
from django.db.models import QuerySet

from intranet.admin.bulk import offer_on_delete
from intranet.admin.search import RowSelect
from intranet.trace.changes import update
from intranet.vetoes import Veto
from staff.models import Profile, User

from ..models import Post


class NewAuthorForm(forms.Form):
    new_author = forms.ModelChoiceField(
        User.objects.active(),
        required=False,
        label="New author of their posts",
        help_text="Without one, the posts have no author any more.",
        widget=RowSelect(Post._meta.get_field("author"), admin.site),
    )


def posts_of(rows: QuerySet) -> QuerySet[Post]:
    """Return the posts of people, or of those whose profiles these are."""
    author = "author" if rows.model is User else "author__profile"
    return Post.objects.filter(**{f"{author}__in": rows.order_by().values("pk")})


def hand_over(rows: QuerySet, new_author: User | None) -> None:
    if new_author:
        if rows.filter(**{"pk" if rows.model is User else "user": new_author.pk}):
            raise Veto(f"{new_author} is to be deleted as well: choose somebody else as author.")
        update(posts_of(rows), author=new_author)


for model in (User, Profile):
    offer_on_delete(model, lambda rows: posts_of(rows).exists(), NewAuthorForm, hand_over)
