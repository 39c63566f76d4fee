"""Deleting people: who may be deleted by whom, and what goes with them."""

from intranet.wording import counted, when_files_go

from ..models import Department, Profile, User
from ..rights import can_remove
from ..wording import people


class PeopleDeletion:
    """For the model admin of people."""

    def has_delete_permission(self, request, obj=None):
        allowed = super().has_delete_permission(request, obj)
        return allowed and (not isinstance(obj, User) or can_remove(request.user, obj))

    def get_deleted_objects(self, objs, request):
        """Name those whom the signed-in user cannot delete, instead of just refusing the page."""
        to_delete, counts, lacking, protected = super().get_deleted_objects(objs, request)
        spared = [
            f"{person}: {'yourself' if person == request.user else 'a superuser'}"
            for person in objs
            if not can_remove(request.user, person)
        ]
        if spared and super().has_delete_permission(request):
            lacking = lacking - {User._meta.verbose_name, Profile._meta.verbose_name}
        return to_delete, counts, lacking, [*protected, *spared]

    def consequences(self, request, objs):
        gone = [person.pk for person in objs]
        admins = User.objects.admins().exclude(pk__in=gone).count()
        reports = Profile.objects.filter(manager__in=gone).exclude(user__in=gone).count()
        headed = Department.objects.filter(head__in=gone).count()
        left_behind = [
            (reports, "colleague loses their manager", "colleagues lose their manager"),
            (headed, "department loses its head", "departments lose their head"),
        ]
        return [
            f"The profile, papers and photo of {people(len(objs))} are deleted, and their files "
            f"are removed from the store {when_files_go('the deletion')}.",
            *(f"{counted(*losing)}." for losing in left_behind if losing[0]),
            f"{counted(len(objs), 'farewell mail')} will be sent.",
            f"{counted(admins, 'admin')} will be told, by notice and by mail.",
            "This is final. For somebody who leaves, “Leaves…” keeps the papers.",
        ]
