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
    for (const button of document.querySelectorAll("trix-toolbar button[tabindex='-1']")) {
        button.tabIndex = 0;
        button.setAttribute("aria-label", button.title);
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
    if (!["Enter", " "].includes(event.key)) return;
    if (button.matches("[role=button][x-on\\:click]")) {
        event.preventDefault();
        button.click();
        setTimeout(focusMenu, 200); // once it has faded in
    } else if (button.matches("trix-toolbar button[aria-label]")) {
        event.preventDefault();
        button.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true }));
    }
});

function focusMenu() {
    const open = [...document.querySelectorAll("nav[x-show]")].find((menu) => menu.checkVisibility());
    open?.querySelector("a, button")?.focus();
}
