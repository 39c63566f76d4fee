"""The admin page "What happens by itself": what follows from what one does, and how it went."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from .. import sidebar
from . import counts
from .models import Action
from .signal_map import effect_of, in_words, rows, unheard


@permission_required("intranet.receive_notices", raise_exception=True)
def receivers(request: HttpRequest) -> HttpResponse:
    shown, inner = moments(sidebar.list_url(request, Action))
    context = admin.site.each_context(request) | {
        "title": _("What happens by itself"),
        "moments": shown,
        "inner": inner,
        "unheard": {name: in_words(when) for name, when in unheard().items()},
        "kept": counts.KEPT,
        "failing": [(effect_of(day.receiver), day) for day in counts.failing_now()],
    }
    return render(request, "intranet/receivers.html", context)


def moments(actions: str = "") -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the moments in which something happens, and those of which only insiders care.

    Each has its "title", the "effects" and, folded away, the "inner" ones; `actions` is the address
    of the list of actions.
    """
    totals, fails = counts.totals(), {day.receiver for day in counts.failing()}
    found: dict[str, dict[str, Any]] = {}
    for row in rows():
        effect = {
            "row": row,
            "words": in_words(row.effect),
            "caused": actions and not row.is_inner and f"{actions}?cause={row.uid}",
            "count": totals.get(row.uid),
            "fails": row.uid in fails,
        }
        for title in row.moments:
            moment = found.setdefault(title, {"title": in_words(title), "effects": [], "inner": []})
            moment["inner" if row.is_inner else "effects"].append(effect)
    in_order = [found[title] for title in sorted(found, key=lambda it: (it[:4] != "When", it))]
    return [it for it in in_order if it["effects"]], [it for it in in_order if not it["effects"]]
