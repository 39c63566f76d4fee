// Parts of the theme react to the mouse only. Make whatever has a click handler, but neither takes
// the focus nor answers the Enter key by itself, reachable by Tab and usable by Enter and Space.
const MOUSE_ONLY = ":is(a:not([href]), div, span, h2, h3)[x-on\\:click]:not([tabindex])";

function makeReachable(root) {
    for (const element of root.querySelectorAll(MOUSE_ONLY)) {
        element.tabIndex = 0;
        element.setAttribute("role", "button");
        const icon = element.querySelector(".material-symbols-outlined") ?? element;
        const name = element.title || { more_horiz: "More", dock_to_right: "Sidebar" }[icon.textContent.trim()];
        if (name) element.setAttribute("aria-label", name);
    }
}

document.addEventListener("DOMContentLoaded", () => {
    makeReachable(document);
    new MutationObserver(() => makeReachable(document)).observe(document.body, { childList: true, subtree: true });
});

document.addEventListener("keydown", (event) => {
    if (!["Enter", " "].includes(event.key) || !event.target.matches("[role=button][x-on\\:click]")) return;
    event.preventDefault();
    event.target.click();
});
