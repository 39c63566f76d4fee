"""Posts: writing, scheduling, mailing and ending them."""

from django import forms
from django.contrib import admin, messages
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RadioFilter, RelatedDropdownFilter
from unfold.contrib.forms.widgets import WysiwygWidget
from unfold.decorators import display
from unfold.widgets import (
    PROSE_CLASSES,
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldBooleanSwitchWidget,
)

from intranet.admin.base import SiteAdmin
from intranet.admin.beside import FOLLOW
from intranet.admin.bulk import asking, each, telling
from intranet.admin.filters import DayRangeFilter, OfManyFilter
from intranet.admin.moments import EndField
from intranet.outbox.plaintext import plain_text
from intranet.tasks.mailing import how_far
from intranet.trace.action import collect, current_actor
from intranet.trace.telling import Line, Section
from staff.admin.displays import asked_once

from ..models import Post
from ..publishing import addressed, followed, mail_if_live, recipients
from ..reminding import remind
from ..richtext import sanitise
from .previews import PostPreviews
from .sentences import acknowledged, mail_plan, reach

FOR_EVERYBODY = gettext_lazy(
    "Somebody else took the other departments out meanwhile, so that the post would be for "
    "everybody. Choose a department, or save again if it is to be."
)


class PostForm(forms.ModelForm):
    class Meta:
        help_texts = {
            "body": gettext_lazy(
                "Text, headings, lists and links. Pictures and files are left out."
            ),
            "mail_audience": gettext_lazy(
                "Everybody the post is meant for gets one mail, whether they can sign in or not: "
                "at once when the post is live, otherwise when it goes live. A post that was "
                "mailed is not mailed again."
            ),
            "publish_at": gettext_lazy("Without a time, the post goes live as that day starts."),
            "expires_at": gettext_lazy(
                "Leave empty for a post that stays. "
                "Without a time, the post ends with that day, at 23:59."
            ),
        }
        field_classes = {"expires_at": EndField}
        widgets = {"body": WysiwygWidget, "audience": UnfoldAdminCheckboxSelectMultipleWidget}

    def clean_body(self):
        body = self.cleaned_data["body"]
        if not plain_text(sanitise(body)):
            raise forms.ValidationError(_("There is no text in it."))
        return body

    def clean_audience(self):
        """Let no two who each take one department out make the post one for everybody, unseen."""
        audience = self.cleaned_data["audience"]
        if not audience and self.data.get(self.add_prefix("audience")):
            raise forms.ValidationError(FOR_EVERYBODY)
        return audience


class StatusFilter(RadioFilter):
    title = gettext_lazy("status")
    parameter_name = "status"

    def lookups(self, request, model_admin):
        return [("scheduled", _("Scheduled")), ("live", _("Live")), ("ended", _("Ended"))]

    def queryset(self, request, queryset):
        if self.value() in dict(self.lookup_choices):
            return getattr(queryset, self.value())()
        return queryset


class RemindForm(forms.Form):
    also_earlier = forms.BooleanField(
        required=False,
        label=gettext_lazy("Also those who acknowledged an earlier text"),
        help_text=gettext_lazy("Nobody is reminded of a post more than once a day."),
        widget=UnfoldBooleanSwitchWidget,
    )


class AuthorFilter(RelatedDropdownFilter, admin.RelatedOnlyFieldListFilter):
    """Offers those who wrote a post; editors have no right to look all people up."""


def is_asking(post: Post) -> bool:
    return post.asks_acknowledgement and post.status == "live"


def readers(posts) -> int:
    """Return how many mails it takes to mail these, or that they are too many for a page."""
    count = 0
    for post in posts:
        count += recipients(post).count()
        if count > FOLLOW:
            break
    return count


def locked(queryset):
    """Return the posts to be changed; a filtered list is DISTINCT, which locks nothing."""
    return Post.objects.filter(pk__in=queryset.values("pk")).select_for_update()


@display(description=gettext_lazy("Readers"))
@asked_once
def shown_reach(post):
    """Say how many get the mail, and anew when another audience is ticked."""
    if post.mailed_at:
        return format_html_join(
            " ", "{}", ([it] for it in (mail_plan(post, 0), *shown_mails(post)))
        )
    audience = getattr(post, "typed_audience", post.audience.all() if post.pk else [])
    return format_html(
        '<span role="status" hx-get="{}" hx-include="[name=audience], [name=mail_audience]"'
        ' hx-trigger="load, change from:closest form">{}</span>',
        reverse("admin:documents_post_reach"),
        reach(addressed(audience).count(), post.mail_audience),
    )


def shown_mails(post):
    """Say how far the mails of a post to many are, and lead to where the rest can be stopped."""
    if not (work := followed(post)):
        return []
    viewer, said = current_actor(), f"{how_far(work)}."
    if not (viewer and (viewer.is_superuser or viewer.pk == work.person_id)):
        return [said]
    return [format_html('<a class="text-link" href="{}">{}</a>', work.page, said)]


@display(description=gettext_lazy("Acknowledged"))
@asked_once
def shown_acknowledged(post):
    said = acknowledged(Post.objects.get(pk=post.pk))  # not as it is typed
    if not current_actor().has_perm("documents.view_acknowledgement"):
        return said
    return format_html(
        '<p>{} <a class="text-link" href="{}?post={}">{}</a></p>',
        said,
        reverse("admin:documents_reader_changelist"),
        post.pk,
        _("Who has, and who has not"),
    )


@admin.register(Post)
class PostAdmin(PostPreviews, SiteAdmin):
    form = PostForm
    list_display = [
        "title",
        "shown_status",
        "author",
        "shown_audience",
        "publish_at",
        "expires_at",
        "shown_pinned",
    ]
    more_columns = ["mailed_at"]
    list_filter = [
        StatusFilter,
        ("audience", OfManyFilter),
        ("author", AuthorFilter),
        ("publish_at", DayRangeFilter),
        "pinned",
    ]
    list_select_related = ["author"]
    search_fields = ["title", "author__first_name", "author__last_name", "author__username"]
    search_help_text = gettext_lazy("Search by title or author")
    autocomplete_fields = ["author"]
    readonly_fields = [
        "mailed_at",
        "shown_body",
        "shown_author",
        "shown_audience",
        shown_reach,
        shown_acknowledged,
    ]
    compressed_fields = False
    actions = ["publish_now", "end_now", "remind"]
    actions_detail = ["remind_rest"]

    def get_queryset(self, request):
        return super().get_queryset(request).visible_to(request.user)

    def with_columns(self, request, rows):
        return rows.prefetch_related("audience")

    def get_fieldsets(self, request, obj=None):
        if obj and not self.has_change_permission(request, obj):
            shown = ["title", "shown_body", "shown_author", "shown_audience", "publish_at"]
            return [(None, {"fields": shown})]
        byline = ["author"] if request.user.is_superuser else ["shown_author"] if obj else []
        mailed = ["mailed_at"] if obj else []
        answers = [shown_acknowledged] if obj and obj.asks_acknowledgement else []
        window = ["audience", "publish_at", "expires_at", "pinned"]
        return [
            (None, {"fields": ["title", "body", *byline]}),
            (_("Who sees it, and when"), {"fields": window}),
            (_("Mail"), {"fields": ["mail_audience", shown_reach, *mailed]}),
            (_("Acknowledgement"), {"fields": ["asks_acknowledgement", *answers]}),
        ]

    def get_changeform_initial_data(self, request):
        return {"author": request.user.pk, **super().get_changeform_initial_data(request)}

    def follow(self, form):
        post = form.instance
        if post.status != "live" or post.mailed_at or not post.mail_audience:
            return 0
        return addressed(form.cleaned_data["audience"]).count()

    def save_model(self, request, obj, form, change):
        if not change and not request.user.is_superuser:
            obj.author = request.user
        super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if form.instance.mail_audience and not mail_if_live(form.instance):
            says = mail_plan(form.instance, recipients(form.instance).count())
            collect("sections", [Section(_("Mails"), [Line(says)])])
            self.message_user(request, says, messages.INFO)

    @display(
        description=gettext_lazy("Status"),
        ordering="publish_at",
        label={"scheduled": "info", "live": "success", "ended": "warning"},  # not shown
    )
    def shown_status(self, post):
        words = {"scheduled": _("scheduled"), "live": _("live"), "ended": _("ended")}
        return post.status, words[post.status]

    @display(description=gettext_lazy("Pinned"), ordering="pinned", label=True)
    def shown_pinned(self, post):
        return _("pinned") if post.pinned else ""

    @display(description=gettext_lazy("Author"))
    def shown_author(self, post):
        return post.author

    @display(description=gettext_lazy("For"))
    def shown_audience(self, post):
        return post.audience_text

    @display(description=gettext_lazy("Text"))
    def shown_body(self, post):
        return format_html('<div class="{}">{}</div>', " ".join(PROSE_CLASSES), sanitise(post.body))

    @asking(
        gettext_lazy("Publish now"),
        follow=lambda posts: readers(posts.filter(mail_audience=True, mailed_at=None)),
    )
    def publish_now(self, request, queryset):
        def publish(post):
            done = post.publish_now()
            mail_if_live(post)
            return done

        did = telling("“%(name)s” is live now", "%(count)s posts are live now")
        each(request, locked(queryset), publish, same=_("it is live already"), did=did)

    @asking(gettext_lazy("End now"))
    def end_now(self, request, queryset):
        did = telling("“%(name)s” is not shown any more", "%(count)s posts are not shown any more")
        each(request, locked(queryset), Post.end_now, same=_("it is not live"), did=did)

    @asking(
        gettext_lazy("Remind the rest…"),
        form=RemindForm,
        icon="notification_important",
        fits=is_asking,
        follow=lambda posts: readers(filter(is_asking, posts)),
    )
    def remind(self, request, queryset, also_earlier):
        def mail(post):
            return is_asking(post) and remind(post, also_earlier)

        same = _("it is not live, does not ask to be acknowledged, or everybody has")
        each(request, locked(queryset), mail, same=same)

    remind_rest = remind
