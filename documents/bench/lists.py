"""Lists, the first page and what answers while somebody types: many rows beside few."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from documents.models import Document, Post
from intranet.models import Action, FileRemoval, Mail, Notice
from intranet.trace.effects import all_paused
from staff.models import Department, Profile, SignIn, User
from staff.roles import HR

from .clock import Line, Way, medians
from .filling import BOSS, copies, of_size
from .peers import SITES, at

OTHERS = [Document, Post, Mail, Notice, SignIn, FileRemoval, Action, Profile]
PAGES = 50  # rows a page
MILLION = 1_000_000
OFFERED = 12  # values of a filter that are all tried; of more, the first and last three
DAYS = ["2000-01-01", "2100-01-01"]


def lists(few: int, many: int, million: bool) -> Iterator[Line]:
    """Each list, its first and last page, sorts and filters; of people also searches."""
    yield beside("people, first page", User, few, many, 1.3)
    yield last_page(User, many)
    for name, query in searches().items():
        yield flat(f"people, {name}", address(User), query, few, many, 2)
    yield from each_choice(User, few, many)
    yield from searching(many)
    for model in OTHERS:
        title = f"{model._meta.verbose_name_plural}, first page"
        yield beside(title, model, few, many, 1.3)
        yield last_page(model, many)
        yield slowest(model, few, many)
    yield flat("departments", address(Department), {}, few, many, 2)
    yield slowest(Department, few, many)
    if million:
        yield beside("people, first page", User, few, MILLION, 1.6)
        yield last_page(User, MILLION)
        yield from searching(MILLION)


def first(few: int, many: int, million: bool) -> Iterator[Line]:
    """The dashboard, the palette and autocomplete."""
    field = {"app_label": "staff", "model_name": "profile", "field_name": "manager"}
    for name, path, query in [
        ("dashboard", "admin:index", {}),
        ("palette", "admin:search", {"s": "last77", "extended": 1}),
        ("palette, no hit", "admin:search", {"s": "nobody", "extended": 1}),
        ("palette, two letters", "admin:search", {"s": "p7", "extended": 1}),
        ("palette, what all have", "admin:search", {"s": "last", "extended": 1}),
        ("autocomplete", "admin:autocomplete", field | {"term": "last77"}),
        ("autocomplete, no hit", "admin:autocomplete", field | {"term": "nobody"}),
        ("autocomplete, two letters", "admin:autocomplete", field | {"term": "p7"}),
        ("autocomplete, what all have", "admin:autocomplete", field | {"term": "last"}),
        ("autocomplete, nothing typed", "admin:autocomplete", field | {"term": ""}),
    ]:
        yield flat(name, reverse(path), query, few, many, 1.5)


def person(few: int, many: int, million: bool) -> Iterator[Line]:
    """The page of a person: its queries, time and, with a hundred papers, size."""
    with of_size(few):
        somebody = User.objects.get(username="p1")
        path = reverse("admin:staff_user_change", args=[somebody.pk])
    yield from for_hr(path, few, many)
    with of_size(few):
        yield Line("a person's page, queries", queries(path, BOSS), "", 15)
        times = medians({it or "here": get(path, site=it) for it in ("", *SITES)}, calls=8)
        yield Line("a person's page, to stock", times["here"] / times["stock"], shown(times), 1.5)
        papers = Document(owner=somebody, file="cvs/x.pdf", original_name="cv.pdf")
        copies(papers, 100, file="'cvs/x' || i || '.pdf'")
        size = len(client().get(path).content) / 1000
        yield Line("a person's page with 100 papers, kB", size, "", 200)


def for_hr(path, few: int, many: int) -> Iterator[Line]:
    """The same for HR, of whom it is asked what they may give, while superusers may give all."""
    for size in (few, many):
        with of_size(size), all_paused():
            hr = User.objects.create(username=HR, email="hr@example.com", is_staff=True)
            hr.groups.add(Group.objects.get(name=HR))
    yield flat("a person's page, for HR", path, {}, few, many, 1.5, HR)
    with of_size(many):
        yield Line("a person's page, queries for HR", queries(path, HR), "", 15)
    for size in (few, many):
        with of_size(size), all_paused():  # other lines count whom is told of something
            User.objects.get(username=HR).delete()


def queries(path, who: str) -> int:
    signed_in = client(who)
    signed_in.get(path)  # what a new process asks once is not of this page
    with CaptureQueriesContext(connection) as asked:
        signed_in.get(path)
    return sum("SAVEPOINT" not in it["sql"] for it in asked)


def beside(title, model, few, many, bar) -> Line:
    """Compare a page at both sizes with the same page of the stock admin and plain Unfold."""
    ways = {
        (site, size): get(address(model), (), size, site)
        for site in ("", *SITES)
        for size in (few, many)
    }
    times = medians(ways, calls=1)
    ratios = {site: times[site, many] / times[site, few] for site in ("", *SITES)}
    here = times["", few]
    told = [f"{it} {ratios[it]:.2f} ({here / times[it, few]:.2f} times its time)" for it in SITES]
    return Line(f"{title}: {many:,} / {few:,}", ratios[""], "; ".join(told), bar)


def last_page(model, size) -> Line:
    pages = {"first": {}, "last": {"p": -(-size // PAGES)}}
    times = medians({name: get(address(model), query, size) for name, query in pages.items()})
    title = f"{model._meta.verbose_name_plural}, last page to first, of {size:,}"
    return Line(title, times["last"] / times["first"], shown(times), 2)


def flat(title, path, query, few, many, bar, who=BOSS) -> Line:
    times = medians({str(size): get(path, query, size, who=who) for size in (few, many)})
    ratio = times[str(many)] / times[str(few)]
    return Line(f"{title}: {many:,} / {few:,}", ratio, shown(times), bar)


def searching(size: int) -> Iterator[Line]:
    ways = {"list": {}} | searches()
    times = medians({name: get(address(User), query, size) for name, query in ways.items()})
    for name in searches():
        yield Line(f"{name} among {size:,}, to the list", times[name] / times["list"], "", 1.5)


def searches() -> dict[str, dict]:
    return {
        "a search": {"q": "p77@example"},
        "a search without a hit": {"q": "nobody"},
        "a search that many match": {"q": "first1"},
    }


def slowest(model, few, many) -> Line:
    """Return of all sorts and filters of a list the one that grows most."""
    lines = [*each_choice(model, few, many)]
    line = max(lines, key=lambda it: it.here)
    line.work += f", the slowest of {len(lines)}"
    return line


def each_choice(model, few, many) -> Iterator[Line]:
    """Yield of each sort and each filter the way, or the value, that grows most."""
    called = model._meta.verbose_name_plural
    for name, queries in choices(model, few).items():
        title = f"{called}, {name}"
        lines = [flat(title, address(model), it, few, many, 2) for it in queries]
        yield max(lines, key=lambda it: it.here)


def choices(model, few: int) -> dict[str, list[dict]]:
    """Return the queries for each sort, both ways, and each filter that a list offers."""
    with of_size(few):
        shown = client().get(address(model)).context_data["cl"]
        columns = enumerate(shown.list_display[1:], 1)
        offered = [(n, it) for n, it in columns if it in shown.sortable_by]
        sorts = {f"sort {getattr(it, '__name__', it)}": [{"o": n}, {"o": -n}] for n, it in offered}
        filters = {f"filter {it.title}": values(it, shown) for it in shown.filter_specs}
        return sorts | {name: queries for name, queries in filters.items() if queries}


def values(spec, shown) -> list[dict]:
    """Return the parameters for each value of a filter, or some of very many."""
    first, *others = spec.choices(shown)
    if "form" not in first:
        return [dict(parse_qsl(it["query_string"].strip("?"))) for it in others]
    fields = first["form"].fields
    offered = {name: it.choices for name, it in fields.items() if hasattr(it, "choices")}
    if not offered:  # days
        return [dict.fromkeys(fields, "2024-05-01"), dict(zip(fields, DAYS, strict=True))]
    keys = {name: [str(key) for key, _ in those if key] for name, those in offered.items()}
    return [{name: it} for name, those in keys.items() for it in some(those)]


def some(keys: list) -> list:
    return keys if len(keys) <= OFFERED else [*keys[:3], *keys[-3:]]


def get(path, query=(), size=None, site="", who=BOSS) -> Way:
    """Return the way to get a page, of a database of that size and in that admin."""
    path = path.replace("/admin/", f"/{site.lower()}/") if site else path
    path = f"{path}?{urlencode(query, doseq=True)}"
    there = {}

    @contextmanager
    def around():
        with of_size(size) if size else nullcontext(), at(site) if site else nullcontext():
            there["client"] = client(who)
            yield

    def do():
        answer = there["client"].get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")

    return Way(do, around)


def address(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def client(who: str = BOSS) -> Client:
    there = Client(raise_request_exception=True)
    there.force_login(User.objects.get(username=who), settings.AUTHENTICATION_BACKENDS[1])
    return there


def shown(times: dict[str, float]) -> str:
    return ", ".join(f"{name} {taken * 1000:.1f} ms" for name, taken in times.items())
