"""Which papers people must have, by department or job."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy

from intranet.folding import fold
from intranet.models import AtomicModel
from intranet.trace.changes import Tracked
from intranet.trace.phrases import Phrase, Said, phrase, source
from staff.models import Department

from .papers import Document

TWICE = gettext_lazy("This paper is required of them already.")


BLANKS = " \t\n\r"  # as pasted or imported; `fold` makes a space of those that Unicode has besides


def job_key(title: str) -> str:
    """Return a job title as it is compared: whatever its case, accents and spaces."""
    return fold(title).translate(dict.fromkeys(map(ord, BLANKS)))


def called(facts: str) -> Said:
    """Return what a requirement is called, from its `facts`."""
    kind, job, department = [*facts.split("\t"), "", ""][:3]
    if kind not in Document.Kind:
        return facts  # kept as it was said
    both = phrase("%(job)s in %(department)s", job=job, department=department)
    whom = both if job and department else job or department or phrase("everybody")
    paper = Phrase(source(Document.Kind(kind).label))
    return phrase("%(kind)s, required of %(whom)s", kind=paper, whom=whom)


class Requirement(AtomicModel):
    """A kind of paper that everybody of a department, of a job, of both, or everybody must have."""

    kind = models.CharField(gettext_lazy("kind of paper"), max_length=20, choices=Document.Kind)
    department = models.ForeignKey(
        Department,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="requirements",
        verbose_name=gettext_lazy("department"),
        help_text=gettext_lazy("Leave empty for all departments."),
    )
    job_title = models.CharField(
        gettext_lazy("job"),
        max_length=150,
        blank=True,
        help_text=gettext_lazy("Leave empty for all jobs. Capitals and spaces do not matter."),
    )

    history = Tracked(neutral="facts", called=called)

    class Meta:
        ordering = ["kind", "department__name", "job_title"]
        verbose_name = gettext_lazy("required paper")
        verbose_name_plural = gettext_lazy("required papers")
        constraints = [
            models.UniqueConstraint(
                "kind",
                "department",
                Lower("job_title"),
                name="paper_is_required_once_of_a_department",
                violation_error_message=TWICE,
            ),
            models.UniqueConstraint(
                "kind",
                Lower("job_title"),
                condition=Q(department=None),
                name="paper_is_required_once_of_all",
                violation_error_message=TWICE,
            ),
        ]

    def __str__(self):
        return str(called(self.facts))

    @property
    def facts(self) -> str:
        """What it is called, in no language."""
        return "\t".join([self.kind, self.job, str(self.department or "")])

    @property
    def job(self) -> str:
        """The job without blanks too many, which a script may have written; "" is every job."""
        return " ".join(self.job_title.split()) if job_key(self.job_title) else ""

    def clean(self):
        self.job_title = self.job

    def validate_constraints(self, exclude=None):
        """Refuse what is there in other letters, too, which not every database can compare."""
        same = Requirement.objects.filter(kind=self.kind, department=self.department_id)
        titles = same.exclude(pk=self.pk).values_list("job_title", flat=True)
        if job_key(self.job_title) in map(job_key, titles):
            raise ValidationError(TWICE)
