from django.core.mail import send_mail

from intranet.trace.action import mark

from .models import KeyReturn


def return_key(sender, instance, using, **kwargs):
    """Has the key of a deleted person fetched, and mails the porter."""
    KeyReturn.objects.using(using).create(whose=str(instance), **mark(using))
    send_mail("Fetch a key", f"The key of {instance}", None, ["porter@example.com"])
