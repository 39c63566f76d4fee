"""The page behind the link of a post's mail: it asks, and nobody signs in."""

from django.contrib import admin, messages
from django.shortcuts import redirect
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import TemplateView

from intranet.errors import themed
from intranet.trace.action import Via, begin
from intranet.trace.phrases import phrase

from . import acknowledging
from .publishing import TRIAL
from .richtext import sanitise

DEAD = "documents/dead_link.html"


@method_decorator([csrf_exempt, never_cache], name="dispatch")
class AcknowledgePage(TemplateView):
    """Shows a post and one button. Opening it changes nothing: mail scanners do so, too.

    The signed address is all that the button needs, so there is no cookie that another site could
    have a browser send along; nor would one be kept by every mail program.
    """

    template_name = "documents/acknowledge.html"
    http_method_names = ["get", "head", "post"]

    def dispatch(self, request, token):
        self.is_test = token == TRIAL
        found = (None, None) if self.is_test else acknowledging.behind(token)
        if found is None:
            return themed(request, DEAD, 404)
        self.post_asked, self.person = found
        if language := getattr(self.person, "language", ""):
            translation.activate(language)
        response = super().dispatch(request, token)
        response["Referrer-Policy"] = "no-referrer"
        return response

    def post(self, request, token):
        post, shown = self.post_asked, request.POST.get("version")
        if self.is_test or (shown and shown != post.version):
            return self.get(request, changed=not self.is_test)
        facts = {"name": self.person.name, "post": str(post)}
        said = phrase("%(name)s acknowledged “%(post)s”", **facts)
        with begin(self.person, Via.PAGE, said):
            done = acknowledging.acknowledge(post, self.person)
        if done is None:
            return themed(request, DEAD, 404)
        if request.user != self.person:
            return redirect("acknowledge", token)
        messages.success(request, _("You have acknowledged “%(post)s”.") % {"post": post})
        return redirect("admin:index")

    def get_context_data(self, **kwargs):
        post, person = self.post_asked, self.person
        context = admin.site.each_context(self.request) | super().get_context_data(**kwargs)
        if self.is_test:
            return context | {"is_test": True}
        mine = post.acknowledgements.filter(person=person).first()
        return context | {
            "post": post,
            "person": person,
            "body": sanitise(post.body),
            "mine": mine,
            "is_done": bool(mine) and mine.version == post.version,
        }
