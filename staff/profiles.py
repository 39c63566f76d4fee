"""The profile that belongs to a person: made when missing, saved with them when it was changed."""

from .models import Profile, User


def loaded(user: User) -> Profile | None:
    """Return the profile if the person carries it already; nothing is read to find out."""
    profile = getattr(user, "profile", None) if User.profile.is_cached(user) else None
    return profile if profile and profile.user_id == user.pk else None


def make_missing(user: User, is_new: bool, using: str) -> None:
    """Give `user` a profile unless there is one."""
    if loaded(user):
        return
    rows = Profile.objects.using(using)
    rows.create(user=user) if is_new else rows.get_or_create(user=user)


def save_changed(user: User, using: str) -> None:
    """Save what was changed of the profile that `user` carries, and nothing else of it."""
    profile = loaded(user)
    if profile is None or profile._state.db != using:
        return
    if changed := profile.changed_fields():
        profile.save(using=using, update_fields=changed)


def profile_of(user: User) -> Profile:
    """Return the profile, an empty one for somebody who has none as yet."""
    return getattr(user, "profile", None) or Profile()
