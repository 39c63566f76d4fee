"""Who lacks which papers: what is required of them, and neither there nor still valid."""

from collections.abc import Iterable

from django.db.models import Exists, Func, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Replace

from intranet.folding import Fold
from staff.models import User
from staff.profiles import profile_of

from .models import Document, Requirement
from .models.requirements import BLANKS, job_key


def missing(people: Iterable[User]) -> dict[int, list[str]]:
    """Return the kinds of papers, as people call them, that each of these lacks, by primary key."""
    wanted, owed = list(Requirement.objects.order_by()), {}
    for user in people:
        profile = profile_of(user)
        own = (None, profile.department_id), ("", job_key(profile.job_title))
        here = [] if profile.departed_at else wanted
        owed[user.pk] = {
            it.kind for it in here if it.department_id in own[0] and job_key(it.job_title) in own[1]
        }
    valid = Document.objects.valid().order_by()
    there = set(valid.filter(owner__in=[*owed]).values_list("owner", "kind")) if wanted else ()
    return {
        pk: [str(it.label) for it in Document.Kind if it in kinds and (pk, it) not in there]
        for pk, kinds in owed.items()
    }


def lacking(people: QuerySet[User], kind: str = "") -> QuerySet[User]:
    """Return those of the people who lack a paper, or one of a kind; who left lacks nothing.

    It is one query, which compares the job of each person at most once for each kind.
    """
    lacks = Q(pk__in=[])
    for it in [kind] if kind else Document.Kind.values:
        table = Requirement.objects.order_by().filter(kind=it)
        papers = Document.objects.valid().filter(owner=OuterRef("pk"), kind=it)
        lacks |= Q(Exists(table)) & ~Exists(papers) & is_required(table)
    people = people.alias(own_job=squeezed("profile__job_title"))
    return people.filter(lacks, profile__departed_at=None)


def is_required(table: QuerySet[Requirement]) -> Q:
    """Return the condition of the people of whom something in the table is required."""
    table = table.annotate(job=squeezed("job_title"))
    of_jobs, of_all_jobs = table.exclude(job=""), table.filter(job="")
    anywhere = of_jobs.filter(department=None)
    here = of_jobs.filter(department=OuterRef("profile__department"))
    return (
        Q(Exists(of_all_jobs.filter(department=None)))
        | Q(profile__department__in=of_all_jobs.exclude(department=None).values("department"))
        | Q(Exists(anywhere), own_job__in=anywhere.values("job"))
        | Q(Exists(here.filter(job=OuterRef("own_job"))))
    )


def squeezed(column: str | OuterRef) -> Func:
    """Return an expression for a job title as `job_key` compares it."""
    title = Fold(column)
    for blank in BLANKS:
        title = Replace(title, Value(blank), Value(""))
    return title
