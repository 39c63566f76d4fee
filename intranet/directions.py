"""Characters that nobody sees and that mirror what follows, as a sentence that a name stands in."""

from django.apps import apps
from django.core.validators import RegexValidator
from django.db.models import CharField
from django.utils.translation import gettext_lazy as _

no_turns = RegexValidator(  # not the marks and joiners that are part of names
    "[\u202a-\u202e\u2066-\u2069]",
    _("A character nobody sees in this turns the direction of writing. Type it anew."),
    "unseen",
    inverse_match=True,
)


def refuse_turns() -> None:
    """Have names and titles refuse them, whoever's model it is; addresses do so by themselves."""
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if type(field) is CharField:
                field.validators.append(no_turns)
