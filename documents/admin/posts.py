"""Posts: writing, scheduling, mailing and ending them."""

from django import forms
from django.contrib import admin, messages
from django.db import models, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from unfold.contrib.filters.admin import RadioFilter, RelatedDropdownFilter
from unfold.contrib.forms.widgets import WysiwygWidget
from unfold.decorators import action, display
from unfold.widgets import PROSE_CLASSES, UnfoldAdminCheckboxSelectMultipleWidget

from documents.deletion import announcement
from documents.models import Post
from documents.publishing import people_to_mail, recipients
from documents.richtext import sanitise
from intranet.admin.base import SiteAdmin
from intranet.admin.bulk import ask, record, report
from intranet.admin.filters import DayRangeFilter
from intranet.wording import counted

from .post_form import PostForm


class StatusFilter(RadioFilter):
    title = "status"
    parameter_name = "status"

    def lookups(self, request, model_admin):
        return [("scheduled", "Scheduled"), ("live", "Live"), ("ended", "Ended")]

    def queryset(self, request, queryset):
        if self.value() in dict(self.lookup_choices):
            return getattr(queryset, self.value())()
        return queryset


class AuthorFilter(RelatedDropdownFilter, admin.RelatedOnlyFieldListFilter):
    """Offers those who wrote a post; editors have no right to look all people up."""


@admin.register(Post)
class PostAdmin(SiteAdmin):
    form = PostForm
    list_display = [
        "title",
        "shown_status",
        "author",
        "shown_audience",
        "publish_at",
        "expires_at",
        "pinned",
        "mailed_at",
    ]
    list_filter = [
        StatusFilter,
        ("audience", RelatedDropdownFilter),
        ("author", AuthorFilter),
        ("publish_at", DayRangeFilter),
        "pinned",
    ]
    list_select_related = ["author"]
    search_fields = ["title", "author__first_name", "author__last_name", "author__username"]
    search_help_text = "Search by title or author"
    ordering = ["-pinned", "-publish_at", "-pk"]
    autocomplete_fields = ["author"]
    readonly_fields = ["mailed_at", "shown_body", "shown_author", "shown_audience"]
    compressed_fields = False
    formfield_overrides = {models.TextField: {"widget": WysiwygWidget}}
    actions = ["publish_now", "end_now"]

    def get_queryset(self, request):
        posts = super().get_queryset(request).prefetch_related("audience")
        return posts.visible_to(request.user)

    def get_fieldsets(self, request, obj=None):
        if not self.may_write(request, obj):
            shown = ["title", "shown_body", "shown_author", "shown_audience", "publish_at"]
            return [(None, {"fields": shown})]
        byline = ["author"] if request.user.is_superuser else ["shown_author"] if obj else []
        mailed = ["mailed_at"] if obj else []
        window = ["audience", "publish_at", "expires_at", "pinned"]
        return [
            (None, {"fields": ["title", "body", *byline]}),
            ("Who sees it, and when", {"fields": window}),
            ("Mail", {"fields": ["mail_audience", *mailed]}),
        ]

    def get_changeform_initial_data(self, request):
        return {"author": request.user.pk, **super().get_changeform_initial_data(request)}

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        if db_field.name == "audience":
            kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def save_model(self, request, obj, form, change):
        if not change and not request.user.is_superuser:
            obj.author = request.user
        super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if form.instance.mail_audience:
            self.message_user(request, mail_plan(form.instance), messages.INFO)

    def may_write(self, request, obj) -> bool:
        if obj:
            return self.has_change_permission(request, obj)
        return self.has_add_permission(request)

    def consequences(self, request, objs):
        return [announcement(len(objs))]

    @display(
        description="Status",
        ordering="publish_at",
        label={"scheduled": "info", "live": "success", "ended": "warning"},
    )
    def shown_status(self, post):
        return post.status

    @display(description="Author")
    def shown_author(self, post):
        return post.author

    @display(description="For")
    def shown_audience(self, post):
        return ", ".join(str(department) for department in post.audience.all()) or "everybody"

    @display(description="Text")
    def shown_body(self, post):
        return format_html('<div class="{}">{}</div>', " ".join(PROSE_CLASSES), sanitise(post.body))

    @action(description="Publish now", permissions=["change"])
    def publish_now(self, request, queryset):
        title, says = "Publish now", publishing_consequences(queryset)
        _, page = ask(self, request, queryset, forms.Form, title, title, says)
        if page:
            return page
        published, same = change_each(queryset, Post.publish_now)
        record(request, published, "published")
        report(request, self.opts, len(published), "went live", same, "had been live before")
        if mailed := sum(post.mail_audience and not post.mailed_at for post in published):
            sentence = f"{counted(mailed, 'post')} will be mailed within a minute."
            self.message_user(request, sentence, messages.INFO)
        return None

    @action(description="End now", permissions=["change"])
    def end_now(self, request, queryset):
        title, says = "End now", ending_consequences(queryset)
        _, page = ask(self, request, queryset, forms.Form, title, title, says)
        if page:
            return page
        ended, same = change_each(queryset, Post.end_now)
        record(request, ended, "ended")
        report(request, self.opts, len(ended), "ended", same, "had not been live")
        return None


def change_each(queryset, change) -> tuple[list[Post], int]:
    """Call `change` on each post in one transaction; return those it changed, and how many not."""
    with transaction.atomic(using=queryset.db):
        chosen = Post.objects.using(queryset.db).filter(pk__in=queryset.values("pk"))
        posts = list(chosen.select_for_update())  # a filtered list is DISTINCT, which cannot lock
        changed = [post for post in posts if change(post)]
    return changed, len(posts) - len(changed)


def publishing_consequences(queryset) -> list[str]:
    """Return what will happen by itself when these posts are published."""
    posts = [post for post in queryset if post.status != "live"]
    to_mail = [post for post in posts if post.mail_audience and not post.mailed_at]
    says = [f"{counted(len(posts), 'post')} will go live and be on the dashboard of the audience."]
    if not to_mail:
        return [*says, "Nobody gets a mail."]
    people = counted(people_to_mail(to_mail).count(), "person", "people")
    return [*says, f"{counted(len(to_mail), 'post')} will be mailed, to {people}."]


def ending_consequences(queryset) -> list[str]:
    """Return what will happen by itself when these posts are ended."""
    live = sum(post.status == "live" for post in queryset)
    return [
        f"{counted(live, 'post')} will be on no dashboard any more.",
        "Nobody gets a mail; what was mailed stays with those who got it.",
        "The text is kept, and can be published again.",
    ]


def mail_plan(post: Post) -> str:
    """Return the sentence that says who gets a post by mail, and when."""
    if post.mailed_at:
        return f"The post was mailed on {shown_time(post.mailed_at)} and is not mailed again."
    if post.status == "ended":
        return "The time of the post is over, so it is not mailed."
    people = counted(recipients(post).count(), "person", "people")
    if post.status == "live":
        return f"The post goes to {people} by mail within a minute."
    return f"The post goes to {people} by mail when it goes live on {shown_time(post.publish_at)}."


def shown_time(moment) -> str:
    return date_format(timezone.localtime(moment), "j F Y, H:i")
