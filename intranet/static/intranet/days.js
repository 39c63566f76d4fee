// A day that is another one unless it is typed, such as that of an invitation: it is filled in while
// the other is to come. Without this script the server does so.
document.addEventListener("DOMContentLoaded", () => {
    for (const field of document.querySelectorAll("[data-offered]")) {
        const other = document.getElementById(field.id.replace(/[^-]+$/, field.dataset.offered));
        if (!other) continue;
        let offered = field.value === other.value ? field.value : "";
        const offer = () => {
            if (field.value !== offered) return; // it was typed
            const day = other.value && other.value.strptime(get_format("DATE_INPUT_FORMATS")[0]);
            field.value = offered = day > new Date() ? other.value : "";
        };
        // A calendar sets the value without an event, and gives the focus back.
        for (const name of ["input", "change", "focusin", "focusout"]) other.addEventListener(name, offer);
    }
});
