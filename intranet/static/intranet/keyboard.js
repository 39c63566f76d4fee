// Parts of the theme react to the mouse only. Make whatever has a click handler, but neither takes
// the focus nor answers the Enter key by itself, reachable by Tab and usable by Enter and Space.
const MOUSE_ONLY = ":is(a:not([href]), div, span, h2, h3)[x-on\\:click]:not([tabindex])";
const NAMES = { "": "Close", dock_to_right: "Sidebar", more_horiz: "More", more_vert: "More" };

function makeReachable() {
    for (const element of document.querySelectorAll(MOUSE_ONLY)) {
        element.tabIndex = 0;
        element.setAttribute("role", "button");
        const name = element.title || NAMES[element.textContent.trim()];
        if (name) element.setAttribute("aria-label", name);
    }
    for (const link of document.querySelectorAll("a.addlink:not([aria-label])")) {
        link.setAttribute("aria-label", link.title);
    }
}

document.addEventListener("DOMContentLoaded", () => {
    makeReachable();
    new MutationObserver(makeReachable).observe(document.body, { childList: true, subtree: true });
});

document.addEventListener("keydown", (event) => {
    const button = event.target;
    if (!["Enter", " "].includes(event.key) || !button.matches("[role=button][x-on\\:click]")) return;
    event.preventDefault();
    button.click();
    setTimeout(focusMenu, 200); // once it has faded in
});

function focusMenu() {
    const open = [...document.querySelectorAll("nav[x-show]")].find((menu) => menu.checkVisibility());
    open?.querySelector("a, button")?.focus();
}
