"""The form of a post."""

from django import forms

from documents.richtext import sanitise
from intranet.admin.moments import EndField
from intranet.outbox.plaintext import plain_text

FOR_EVERYBODY = (
    "Somebody else took the other departments out meanwhile, so that the post would be for "
    "everybody. Choose a department, or save again if it is to be."
)


class PostForm(forms.ModelForm):
    class Meta:
        labels = {"body": "Text"}
        help_texts = {
            "body": "Text, headings, lists and links. Pictures and files are left out.",
            "mail_audience": (
                "Everybody the post is meant for gets one mail, whether they can sign in or not: "
                "within a minute after you save when the post is live, otherwise when it goes "
                "live. A post that was mailed is not mailed again."
            ),
            "publish_at": "Without a time, the post goes live as that day starts.",
            "expires_at": (
                "Leave empty for a post that stays. "
                "Without a time, the post ends with that day, at 23:59."
            ),
        }
        field_classes = {"expires_at": EndField}

    def clean_body(self):
        body = self.cleaned_data["body"]
        if not plain_text(sanitise(body)):
            raise forms.ValidationError("There is no text in it.")
        return body

    def clean_audience(self):
        """Let no two who each take one department out make the post one for everybody, unseen."""
        audience = self.cleaned_data["audience"]
        if not audience and self.data.get(self.add_prefix("audience")):
            raise forms.ValidationError(FOR_EVERYBODY)
        return audience

    def clean(self):
        super().clean()
        start, end = (self.cleaned_data.get(name) for name in ("publish_at", "expires_at"))
        if start and end and end <= start:
            self.add_error("expires_at", "A post has to end after it goes live.")
        return self.cleaned_data
