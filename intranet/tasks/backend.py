"""The embedded engine of Django's Tasks: the rows of work are the queue."""

from django.db import DEFAULT_DB_ALIAS
from django_tasks import TaskResultStatus
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import TaskResult
from django_tasks.exceptions import TaskResultDoesNotExist

from ..waking import announce
from .models import Work

STATUS = {
    Work.State.WAITING: TaskResultStatus.READY,
    Work.State.RUNNING: TaskResultStatus.RUNNING,
    Work.State.FAILED: TaskResultStatus.FAILED,
}


class QueueBackend(BaseTaskBackend):
    """Only wakes the worker of this site, which leases the rows of work itself."""

    supports_get_result = True
    leases_rows = True

    def enqueue(self, task, args, kwargs):
        self.validate_task(task)
        announce(DEFAULT_DB_ALIAS)
        return self.get_result(args[0])

    def get_result(self, result_id):
        from .run import run  # which needs this to be made

        work = Work.objects.filter(pk=result_id).first()
        if work is None:
            raise TaskResultDoesNotExist(result_id)
        return TaskResult(
            task=run,
            id=str(work.pk),
            status=STATUS.get(work.state, TaskResultStatus.SUCCESSFUL),
            enqueued_at=work.asked_at,
            started_at=None,
            last_attempted_at=None,
            finished_at=work.ended_at,
            args=[str(work.pk)],
            kwargs={},
            backend=self.alias,
            errors=[],
            worker_ids=[],
        )
