"""What a post will look like, as typed and not saved: on the dashboard, and as the mail."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import path
from django.utils.translation import gettext as _

from intranet.admin.opened import LOOK, REFUSED
from intranet.admin.rehearsing import SCRIPTED, fragment
from intranet.languages import language_of
from intranet.outbox.mail import compose
from intranet.outbox.models import Mail
from intranet.trace.action import batched
from intranet.trace.phrases import nphrase
from staff.models import Department, User

from ..models import Post
from ..publishing import POST, TRIAL, addressed, byline, facts, mail
from ..richtext import sanitise
from .sentences import mail_plan, reach

PREVIEW, TEST = "_preview", "_test_mail"  # the buttons of the form


class PostPreviews:
    """Joined to the model admin of posts."""

    change_form_before_template = "documents/preview.html"

    def get_urls(self):
        view = self.admin_site.admin_view(self.reach_view)
        return [path("reach/", view, name="documents_post_reach"), *super().get_urls()]

    def reach_view(self, request):
        """Say how many get a mail, for the audience that is ticked."""
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise Http404
        keys = request.GET.getlist("audience")
        audience = [it for it in Department.objects.all() if str(it.pk) in keys]
        if keys and not audience:
            raise Http404
        return HttpResponse(reach(addressed(audience).count(), "mail_audience" in request.GET))

    def render_change_form(self, request, context, *args, **kwargs):
        """Offer the preview beside the other buttons of the form, of a new post as well."""
        if self.has_change_permission(request, context.get("original")) or kwargs.get("add"):
            button = {"action_name": PREVIEW, "description": _("Preview"), "attrs": {}}
            context["actions_submit_line"] = [button]
        return super().render_change_form(request, context, *args, **kwargs)

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """Show the form again with what its post looks like, and mail that to whoever asks."""
        if request.method != "POST" or not {PREVIEW, TEST} & request.POST.keys():
            return super().changeform_view(request, object_id, form_url, extra_context)
        if SCRIPTED in request.headers:  # which asks whether there is anything to confirm
            return fragment(request, None)
        request.POST = request.POST.copy()
        request.POST[REFUSED] = LOOK
        page = self.answer_form(request, object_id, form_url, extra_context)
        context = getattr(page, "context_data", None) or {}
        form = context["adminform"].form if "adminform" in context else None
        if form and not form.errors:
            post, audience = form.instance, form.cleaned_data["audience"]
            if not post.pk and not request.user.is_superuser:
                post.author = request.user
            post.body, post.typed_audience = sanitise(post.body), audience
            context["preview"] = preview(post, audience, request.user)
            if TEST in request.POST:
                self.mail_test(request, post)
        return page

    def mail_test(self, request, post: Post) -> None:
        with batched():
            sent = mail(TRIAL, post, User.objects.filter(pk=request.user.pk))
        if sent:
            self.message_user(request, _("A test is on its way."), messages.SUCCESS)
        else:
            says = _("The test could not be written. Is your e-mail address right?")
            self.message_user(request, says, messages.ERROR)


def preview(post: Post, audience, reader: User) -> dict:
    """Return what is shown of a post that is not saved: its mail, and how many get that."""
    language = language_of(reader)
    said = facts(post) | {"byline": byline(post, language)}
    letter = compose(
        Mail(
            template=POST,
            to=reader.email,
            sender=settings.DEFAULT_FROM_EMAIL,
            subject=post.title,
            context=said,
            language=language,
        )
    )
    count = addressed(audience).count()
    meant = nphrase(
        "The post is for %(audience)s: %(count)d person.",
        "The post is for %(audience)s: %(count)d people.",
        count,
        audience=", ".join(map(str, audience)) or _("everybody"),
    )
    return {
        "post": post,
        "meant": str(meant),
        "body": post.body,
        "mail": letter.alternatives[0][0],
        "says": mail_plan(post, count) if post.mail_audience else "",
        "to": reader.email,
    }
