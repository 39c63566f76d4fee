"""Work that is done beside the page: how far it is, how to end it, and what became of it."""

import re
import zlib

from django.contrib import admin, messages
from django.db import DEFAULT_DB_ALIAS
from django.http import Http404, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_POST
from unfold.decorators import display

from .. import life, progress
from ..locks import aside
from ..outbox.models import Notice
from ..sidebar import address
from ..tasks import mailing
from ..tasks.models import Work
from ..trace.action import batched
from ..trace.changes import TRACKED
from ..trace.models import Action
from ..trace.phrases import Phrase, phrase
from ..vetoes import Veto
from .base import ReadOnlyAdmin
from .filters import ChoicesFilter
from .history import may_change
from .notices import note_read
from .once import told
from .rehearsing import QUESTION

State = Work.State
COLOURS = {
    State.WAITING: "info",
    State.RUNNING: "warning",
    State.DONE: "success",
    State.ASKS: "info",
    State.REFUSED: "danger",
    State.FAILED: "danger",
    State.CANCELLED: "",
}
TOKEN = re.compile(rb'(name="csrfmiddlewaretoken" value=")[^"]*(">)')
CARRIED = b'\\g<1>%b\\g<2><input type="hidden" name="%b" value="%b">'  # a token, and the question


def how_far(work: Work) -> dict:
    """Return how much is done, of how much, whether it waits, and what there is to say of that."""
    silent = life.silence(work.asked_at) if work.is_open else 0
    far = {"done": 0, "total": 0, "waits": False, "goes_on": what_next(work, silent)}
    if work.mails:
        sent = mailing.how_far(work)
        return far | {"done": sent.done, "total": work.mails, "says": str(sent)}
    if work.state == State.WAITING or silent:
        return far | {"waits": True, "says": why_waiting()}
    done, total, doing = progress.shown(work.pk) if work.is_open else (0, 0, "")
    says = doing or capfirst(work.get_state_display())
    return far | {"done": done, "total": total, "says": says}


def why_waiting() -> str:
    running = Work.objects.filter(state=State.RUNNING, mails=0).values_list("pk", "due_at")
    now = timezone.now()
    if any(until > now or progress.is_fresh(key) for key, until in running):
        return _("Waits to begin: other work is under way")
    return _("Waits to begin")


def what_next(work: Work, silent: int) -> str:
    """Say whether one need stay, or for how many minutes no worker has been there."""
    if silent:
        return f"{life.SAID.of(silent)} {_('Tell whoever looks after the site.')}"
    if progress.is_cancelled(work.pk):
        return _("It is being cancelled. Nothing of it will stay.")
    return _(
        "You may leave this page: the work goes on, and you find it again under “Work”. "
        "You are told when it has ended."
    )


def may_end(person, work: Work) -> bool:
    """Return whether it is theirs to end; the mails to many are also for a superuser to stop."""
    return work.person_id == person.pk or bool(work.mails and person.is_superuser)


@admin.register(Work)
class WorkAdmin(ReadOnlyAdmin):
    list_display = ["what", "shown_state", "person", "asked_at", "ended_at"]
    list_filter = [("state", ChoicesFilter)]
    list_select_related = ["person"]
    fields = ["person", ("asked_at", "ended_at")]
    change_form_outer_before_template = "intranet/work.html"

    class Media:
        js = ["intranet/work.js"]

    def get_urls(self):
        pages = {"progress": self.progress, "cancel": self.cancel, "answer": self.answer}
        own = [
            path(f"<path:object_id>/{name}/", self.admin_site.admin_view(view), name=f"work_{name}")
            for name, view in pages.items()
        ]
        return own + super().get_urls()

    def get_queryset(self, request):
        """Return what the viewer asked for; superusers see that of all."""
        work = super().get_queryset(request).defer("request", "answer")
        return work if request.user.is_superuser else work.filter(person=request.user)

    def with_columns(self, request, rows):
        return rows.defer("request", "answer")

    def get_fields(self, request, obj=None):
        ended = [] if obj and obj.is_open else ["state"]  # a page that waits says how far it is
        why = obj and obj.error and obj.state != State.REFUSED  # which says so above
        return [*self.fields, *ended, *(["error"] if why else [])]

    def has_module_permission(self, request):
        return self.has_view_permission(request)

    def has_view_permission(self, request, obj=None):
        """One is for who still has the rights it was done with; the list for who may begin any."""
        if obj:
            return obj.is_for(request.user)
        return any(may_change(request.user, model) for model in TRACKED)

    def render_change_form(self, request, context, *args, **kwargs):
        work = context["original"]
        note_read(request, Notice.objects.filter(recipient=request.user, pk=work.notice))
        action = work.action and Action.objects.filter(pk=work.action).first()
        context |= {
            "title": str(work),
            **how_far(work),
            "is_own": work.person_id == request.user.pk,
            "can_end": may_end(request.user, work),
            "is_ending": progress.is_cancelled(work.pk),
            "did": action and address(Action, "change", action.pk),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def mine(self, request, object_id: str) -> Work:
        work = self.get_object(request, object_id)
        if work is None or work.person_id != request.user.pk:
            raise Http404
        return work

    def progress(self, request, object_id):
        """Say how far it is, and where to go once it has ended."""
        if page := self.led_on(request, object_id):
            return JsonResponse({"goes_to": page.url})
        work = self.get_object(request, object_id)
        if work is None:
            raise Http404
        answers = work.state in (State.ASKS, State.REFUSED) and work.person_id == request.user.pk
        page = "admin:work_answer" if answers else "admin:intranet_work_change"
        goes_to = "" if work.is_open else redirect(page, work.pk).url
        return JsonResponse(how_far(work) | {"goes_to": goes_to})

    def cancel(self, request, object_id):
        """Have it end; one that nobody is at ends now."""
        return require_POST(self._cancel)(request, object_id)

    def _cancel(self, request, object_id):
        work = self.get_object(request, object_id)
        if work is None or not may_end(request.user, work):
            raise Http404
        if work.mails:
            self.stop_mails(work)
        elif not self.ends_waiting(work):
            try:
                progress.cancel(work.pk)
            except Veto as error:
                messages.error(request, str(error))
        return redirect("admin:intranet_work_change", work.pk)

    def ends_waiting(self, work: Work) -> bool:
        """End it if nobody is at it; False where somebody is, or others are writing."""
        if work.state == State.WAITING:
            with aside():
                return bool(Work.objects.filter(pk=work.pk, state=State.WAITING).cancel())
        return False

    def stop_mails(self, work: Work) -> None:
        """Have the rest of its mails not go out, and the history say who wanted that."""
        with batched() as act:
            if mailing.stop(work):
                act.summary = phrase("Stopped: %(what)s", what=Phrase(*work.said))
                act.store(DEFAULT_DB_ALIAS)

    def change_view(self, request, object_id, *args, **kwargs):
        return self.led_on(request, object_id) or super().change_view(
            request, object_id, *args, **kwargs
        )

    def led_on(self, request, object_id: str):
        """Return the way from a question that is answered, and gone, to what answered it."""
        if self.get_object(request, object_id):
            return None
        work = Work.objects.answering(request.user, object_id).first()
        return work and redirect(work.page)

    def answer(self, request, object_id):
        """Show the page that was made beside, with a token that this session knows."""
        if page := self.led_on(request, object_id):
            return page
        work = self.mine(request, object_id)
        if not (work.answer and work.is_for(request.user)):
            raise Http404
        if told(request):  # by a page that is drawn now
            return redirect(work.page)
        note_read(request, Notice.objects.filter(recipient=request.user, pk=work.notice))
        carried = [it.encode() for it in (get_token(request), QUESTION, str(work.pk))]
        page = TOKEN.sub(CARRIED % (*carried,), zlib.decompress(work.answer))
        return HttpResponse(page)

    @display(description=_lazy("What"))
    def what(self, work):
        return str(work)

    @display(description=_lazy("state"), ordering="state", label=COLOURS)
    def shown_state(self, work):
        return work.state, work.get_state_display()
