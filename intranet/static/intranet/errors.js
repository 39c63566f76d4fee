// A form that came back says how many errors it has, in a link to the first of them: the link has the
// focus, and leads into the tab and to the field that is drawn in place of a list.
function show(field) {
    const pane = field.closest("[x-show*=activeTab]");
    const tab = pane?.getAttribute("x-show").match(/activeTab == '([^']*)'/);
    if (tab) document.querySelector(`#tabs-items a[href="#${CSS.escape(tab[1])}"]`)?.click();
    setTimeout(() => {
        const drawn = field.matches("select") && field.parentElement.querySelector(".select2-selection");
        const target = drawn || (field.matches("input, select, textarea") ? field : field.querySelector("input, select, textarea, button")) || field;
        target.focus({ preventScroll: true });
        target.scrollIntoView({ block: "center" }); // else it may be under the footer
    }, 50); // once the tab is there
}

document.addEventListener("DOMContentLoaded", () => {
    const link = document.querySelector("[data-first-error]");
    link?.focus();
    link?.addEventListener("click", (event) => {
        const field = document.getElementById(link.hash.slice(1));
        if (!field) return;
        event.preventDefault(); // the address names the tab
        show(field);
    });
});
