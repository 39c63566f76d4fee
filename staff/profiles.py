"""The profile that belongs to a person: made when missing, saved with them when it was changed."""

from collections.abc import Iterator
from weakref import ref

from django.db.models import QuerySet

from intranet.trace.action import Kept
from intranet.trace.together import create, write

from .models import Profile, User


def carried(user: User) -> Profile | None:
    """Return the profile that `user` was given or was read with; nothing is read to find out."""
    return getattr(user, "profile", None) if User.profile.is_cached(user) else None


def is_stored(profile: Profile | None, user: User, using: str) -> bool:
    """Return whether that is the row of `user` there; a copy of somebody carries another's."""
    return bool(profile) and profile.user_id == user.pk and profile._state.db == using


def make_missing(user: User, is_new: bool, using: str) -> None:
    """Give `user` a profile unless there is one; one that was put together by hand is saved."""
    profile = carried(user)
    is_unsaved = profile is not None and profile._state.adding
    if not is_unsaved and is_stored(profile, user, using):
        if not is_new or is_there(profile, using):
            return
        profile.pk, profile._state.adding = None, True  # its row was rolled back or deleted
    elif not is_unsaved and not is_new:
        Profile.objects.using(using).get_or_create(user=user)
        return
    elif not is_unsaved:
        profile = Profile(user=user)
    profile.user, profile.of_newcomer = user, is_new
    write(save_new, profile, using)


def save_new(profiles: list[Profile], using: str) -> None:
    """Write the profiles of people who were just written; both stay or neither does."""
    create(profiles, using)
    held = ref(Kept([], using))
    for profile in profiles:
        profile.note_saved()
        profile.just_made = held


def is_there(profile: Profile, using: str) -> bool:
    """Return whether the row is there; of one that was just made nothing is asked, once."""
    held, profile.just_made = profile.just_made, None
    if held and held():
        return True
    return Profile.objects.using(using).filter(user=profile.user_id).exists()


def save_changed(user: User, using: str) -> None:
    """Save what was changed of the profile that `user` carries, and nothing else of it."""
    profile = carried(user)
    if is_stored(profile, user, using) and (changed := profile.changed_fields()):
        profile.save(using=using, update_fields=changed)


def profile_of(user: User) -> Profile:
    """Return the profile, an empty one for somebody who has none as yet."""
    return getattr(user, "profile", None) or Profile()


def with_profiles(people: QuerySet[User]) -> Iterator[User]:
    """Go through people with their profiles and groups; whoever has no profile gets one."""
    for user in people.select_related("profile__department").prefetch_related("groups"):
        if not hasattr(user, "profile"):
            Profile.objects.create(user=user)
        yield user
