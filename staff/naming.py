"""What somebody is called, said by the database."""

from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce, Concat, NullIf, Trim

from .models import User


def name_of(key: str) -> Subquery:
    """Return an expression for the name of the person whose primary key is in the column `key`."""
    full = Trim(Concat("first_name", Value(" "), "last_name"))
    name = Coalesce(NullIf(full, Value("")), "username")
    return Subquery(User.objects.filter(pk=OuterRef(key)).order_by().values_list(name))
