"""Posts: writing, scheduling, mailing and ending them."""

from django import forms
from django.contrib import admin, messages
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from unfold.contrib.filters.admin import RadioFilter, RelatedDropdownFilter
from unfold.contrib.forms.widgets import WysiwygWidget
from unfold.decorators import display
from unfold.widgets import PROSE_CLASSES, UnfoldAdminCheckboxSelectMultipleWidget

from intranet.admin.base import SiteAdmin
from intranet.admin.bulk import asking, each
from intranet.admin.filters import DayRangeFilter
from intranet.admin.moments import EndField
from intranet.outbox.plaintext import plain_text
from intranet.wording import counted

from ..models import Post
from ..publishing import mail_if_live, recipients
from ..richtext import sanitise

FOR_EVERYBODY = (
    "Somebody else took the other departments out meanwhile, so that the post would be for "
    "everybody. Choose a department, or save again if it is to be."
)


class PostForm(forms.ModelForm):
    class Meta:
        labels = {"body": "Text"}
        help_texts = {
            "body": "Text, headings, lists and links. Pictures and files are left out.",
            "mail_audience": (
                "Everybody the post is meant for gets one mail, whether they can sign in or not: "
                "at once when the post is live, otherwise when it goes live. A post that was "
                "mailed is not mailed again."
            ),
            "publish_at": "Without a time, the post goes live as that day starts.",
            "expires_at": (
                "Leave empty for a post that stays. "
                "Without a time, the post ends with that day, at 23:59."
            ),
        }
        field_classes = {"expires_at": EndField}
        widgets = {"body": WysiwygWidget, "audience": UnfoldAdminCheckboxSelectMultipleWidget}

    def clean_body(self):
        body = self.cleaned_data["body"]
        if not plain_text(sanitise(body)):
            raise forms.ValidationError("There is no text in it.")
        return body

    def clean_audience(self):
        """Let no two who each take one department out make the post one for everybody, unseen."""
        audience = self.cleaned_data["audience"]
        if not audience and self.data.get(self.add_prefix("audience")):
            raise forms.ValidationError(FOR_EVERYBODY)
        return audience


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


def locked(queryset):
    """Return the posts to be changed; a filtered list is DISTINCT, which locks nothing."""
    return Post.objects.filter(pk__in=queryset.values("pk")).select_for_update()


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
    autocomplete_fields = ["author"]
    readonly_fields = ["mailed_at", "shown_body", "shown_author", "shown_audience"]
    compressed_fields = False
    actions = ["publish_now", "end_now"]

    def get_queryset(self, request):
        posts = super().get_queryset(request).prefetch_related("audience")
        return posts.visible_to(request.user)

    def get_fieldsets(self, request, obj=None):
        if obj and not self.has_change_permission(request, obj):
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

    def save_model(self, request, obj, form, change):
        if not change and not request.user.is_superuser:
            obj.author = request.user
        super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if form.instance.mail_audience and not mail_if_live(form.instance):
            self.message_user(request, mail_plan(form.instance), messages.INFO)

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
        return post.audience_text

    @display(description="Text")
    def shown_body(self, post):
        return format_html('<div class="{}">{}</div>', " ".join(PROSE_CLASSES), sanitise(post.body))

    @asking("Publish now")
    def publish_now(self, request, queryset):
        def publish(post):
            done = post.publish_now()
            mail_if_live(post)
            return done

        each(request, locked(queryset), publish, same="it is live already")

    @asking("End now")
    def end_now(self, request, queryset):
        each(request, locked(queryset), Post.end_now, same="it is not live")


def mail_plan(post: Post) -> str:
    """Return the sentence that says who gets a post by mail, and when."""
    if post.mailed_at:
        return f"The post was mailed on {shown_time(post.mailed_at)} and is not mailed again."
    if post.status == "ended":
        return "The time of the post is over, so it is not mailed."
    people = counted(recipients(post).count(), "person", "people")
    live = post.status == "live"
    when = "within a minute" if live else f"when it goes live on {shown_time(post.publish_at)}"
    return f"The post goes to {people} by mail {when}."


def shown_time(moment) -> str:
    return date_format(timezone.localtime(moment), "j F Y, H:i")
