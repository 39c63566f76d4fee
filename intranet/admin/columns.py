"""Columns of a list that are functions, and may say more of themselves."""


class ListColumns:
    """Joined to every model admin.

    A column with a `permission` is for those who hold it. One with `prepare(rows)` has that called
    once for the rows of a page, and reads there what it would else have to ask for row by row.
    """

    def get_list_display(self, request):
        columns = super().get_list_display(request)
        needed = [(it, getattr(it, "permission", "")) for it in columns]
        return [it for it, right in needed if not right or request.user.has_perm(right)]

    def changelist_view(self, request, extra_context=None):
        page = super().changelist_view(request, extra_context)
        if shown := (getattr(page, "context_data", None) or {}).get("cl"):
            for column in shown.list_display:
                if prepare := getattr(column, "prepare", None):
                    prepare(shown.result_list)
        return page
