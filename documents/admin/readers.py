"""Who has acknowledged a post, and who has not."""

import re
from collections import defaultdict
from functools import partial

from django.contrib import admin
from django.db import connection
from django.db.models import Q
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter, RadioFilter, RelatedDropdownFilter
from unfold.decorators import display

from intranet.admin.base import ReadOnlyAdmin
from intranet.admin.keys_first import FILTERED, TURNING
from staff.admin.by_department import PeopleByDepartment

from ..acknowledging import in_state, numbers, with_state
from ..models import Acknowledgement, Post, Reader
from ..publishing import addressed
from .sentences import acknowledged

SHOWN = 50  # posts to choose from


class OfPost:
    """Joined to model admins of pages that are reached from a post."""

    def has_module_permission(self, request):
        return False

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm("documents.view_acknowledgement")


class PostFilter(DropdownFilter):
    title = gettext_lazy("post")
    parameter_name = "post"
    chosen = ""  # the list begins with the post itself

    def lookups(self, request, model_admin):
        newest = Post.objects.filter(asks_acknowledgement=True).order_by("-publish_at")[:SHOWN]
        chosen = post_of(request)
        posts = dict.fromkeys([*([chosen] if chosen else []), *newest])
        return [(str(it.pk), it.title) for it in posts]

    def queryset(self, request, queryset):
        return queryset  # whose it is was asked before: see ReaderAdmin.get_queryset


class StateFilter(RadioFilter):
    title = gettext_lazy("acknowledged")
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return [("no", _("Not yet")), ("yes", _("Yes")), ("earlier", _("An earlier text"))]

    def queryset(self, request, queryset):
        post = self.value() and post_of(request)
        return queryset.filter(in_state(post).get(self.value(), Q())) if post else queryset


def post_of(request) -> Post | None:
    """Return the post that a page is about: if it does not say, the newest that asks."""
    posts = Post.objects.filter(asks_acknowledgement=True).order_by("-publish_at")
    key = request.GET.get("post", "")
    if not key:
        return posts.first()
    return posts.filter(pk=key).first() if re.fullmatch("[0-9]{1,18}", key) else None


@admin.register(Reader)
class ReaderAdmin(OfPost, PeopleByDepartment, ReadOnlyAdmin):
    """The list alone: who the people are has its own pages."""

    list_before_template = "documents/readers.html"
    list_display = ["shown_name", "shown_state", "shown_time", "shown_department"]
    list_display_links = None
    list_filter = [PostFilter, StateFilter, ("profile__department", RelatedDropdownFilter)]
    list_select_related = ["profile__department"]
    search_fields = ["first_name", "last_name", "username", "email"]
    search_help_text = gettext_lazy("Search by name or address")
    ordering = ["last_name", "first_name", "username"]

    def get_queryset(self, request):
        people = super().get_queryset(request)
        if not (post := post_of(request)):
            return with_state(people.none(), None, "")
        return with_state(addressed(post.audience.all(), people), post.pk, post.version)

    def get_paginator(self, request, queryset, *args, **kwargs):
        """Count by the numbers above the list, where nothing is asked for but a state."""
        post, asked = post_of(request), request.GET.keys() <= TURNING | {"post", "state"}
        known = post and asked and self.counted(request, post)[request.GET.get("state", "")]
        if known and known > FILTERED:
            queryset.query.are_few = False
        pages = super().get_paginator(request, queryset, *args, **kwargs)
        if known and pages.found is None:
            pages.count = known
        pages.parts = partial(self.sorted_parts, request)
        return pages

    def counted(self, request, post):
        """Return how many are asked, and in each state."""
        if not hasattr(request, "numbers"):
            request.numbers = numbers(post)
        asked, done, earlier = request.numbers.values()
        states = {"": asked, "no": asked - done, "yes": done - earlier, "earlier": earlier}
        return defaultdict(int, states)

    def sorted_parts(self, request, rows):
        """Sort by state, and by time, as one state after the other, which indexes have."""
        first, *then = rows.query.order_by or [""]
        by, is_down = str(first).removeprefix("-"), str(first).startswith("-")
        if by not in ("state", "acknowledged_at"):
            return self.in_parts(rows)
        post = post_of(request)
        parts = [rows.filter(it).order_by(*then) for it in in_state(post).values()]
        if by == "acknowledged_at":
            at = f"{'-' * is_down}acknowledgements__at"
            done = rows.filter(acknowledgements__post=post).order_by(at, *then)
            parts = [parts[1], done]
            is_down ^= not connection.features.order_by_nulls_first
        return parts[::-1] if is_down else parts

    def with_columns(self, request, rows):
        return with_state(rows, (post := post_of(request)).pk, post.version)

    def changelist_view(self, request, extra_context=None):
        post = post_of(request)
        about = {}
        if post:
            self.counted(request, post)
            about = {"post": post, "said": acknowledged(post, request.numbers)}
        return super().changelist_view(request, about | (extra_context or {}))

    def change_view(self, request, object_id, form_url="", extra_context=None):
        raise Http404

    @display(description=gettext_lazy("Name"), ordering="last_name")
    def shown_name(self, person):
        return person.name

    @display(
        description=gettext_lazy("Acknowledged"),
        ordering="state",
        label={"yes": "success", "earlier": "warning", "no": "info"},  # not shown
    )
    def shown_state(self, person):
        words = {"yes": _("yes"), "earlier": _("an earlier text"), "no": _("not yet")}
        return person.state, words[person.state]

    @display(description=gettext_lazy("When"), ordering="acknowledged_at")
    def shown_time(self, person):
        return person.acknowledged_at

    @display(description=gettext_lazy("Department"), ordering="profile__department__name")
    def shown_department(self, person):
        return person.profile.department


class AcknowledgedFilter(RelatedDropdownFilter, admin.RelatedOnlyFieldListFilter):
    """Offers the posts that somebody acknowledged, which are fewer than all."""


@admin.register(Acknowledgement)
class AcknowledgementAdmin(OfPost, ReadOnlyAdmin):
    """All that were written down, also of people who are gone or not asked any more."""

    list_display = ["name", "post", "at"]
    list_display_links = None
    fields = ["name", "post", "at"]
    list_filter = [("post", AcknowledgedFilter)]
    list_select_related = ["post"]
    search_fields = ["name"]
    search_help_text = gettext_lazy("Search by name")
