"""Which papers people must have, by department or job."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from intranet.folding import fold
from intranet.models import AtomicModel
from staff.models import Department

from .papers import Document

TWICE = gettext_lazy("This paper is required of them already.")


BLANKS = " \t\n\r"  # as pasted or imported; `fold` makes a space of those that Unicode has besides


def job_key(title: str) -> str:
    """Return a job title as it is compared: whatever its case, accents and spaces."""
    return fold(title).translate(dict.fromkeys(map(ord, BLANKS)))


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
        words = {"kind": self.get_kind_display(), "whom": self.of_whom}
        return _("%(kind)s, required of %(whom)s") % words

    @property
    def job(self) -> str:
        """The job without blanks too many, which a script may have written; "" is every job."""
        return " ".join(self.job_title.split()) if job_key(self.job_title) else ""

    @property
    def of_whom(self) -> str:
        job, department = self.job, self.department
        if job and department:
            return _("%(job)s in %(department)s") % {"job": job, "department": department}
        return job or (str(department) if department else _("everybody"))

    def clean(self):
        self.job_title = self.job

    def validate_constraints(self, exclude=None):
        """Refuse what is there in other letters, too, which not every database can compare."""
        same = Requirement.objects.filter(kind=self.kind, department=self.department_id)
        titles = same.exclude(pk=self.pk).values_list("job_title", flat=True)
        if job_key(self.job_title) in map(job_key, titles):
            raise ValidationError(TWICE)
