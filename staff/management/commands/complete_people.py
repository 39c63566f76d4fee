from django.core.management.base import BaseCommand
from django.db import transaction

from intranet.wording import counted
from staff.models import Profile, User
from staff.roles import default_group


class Command(BaseCommand):
    """Makes up for `bulk_create`, which sends no signals and so leaves people without both."""

    help = "Gives a profile and the default group to everybody who lacks them; mails nobody."

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="Only say how many.")

    @transaction.atomic
    def handle(self, *, dry_run, **options):
        group = default_group()
        bare, outside = User.objects.without_profile(), User.objects.without_default_group()
        profiles, members = counted(bare.count(), "profile"), list(outside)
        if not dry_run:
            Profile.objects.bulk_create([Profile(user=user) for user in bare])
            group.user_set.add(*members)
        would = "would be " if dry_run else ""
        people = counted(len(members), "person", "people")
        self.stdout.write(f"{profiles} {would}made, {people} {would}put into the group “{group}”.")
