// Parts of the theme react to the mouse only. Make whatever has a click handler, but neither takes
// the focus nor answers the Enter key by itself, reachable by Tab and usable by Enter and Space.
const MOUSE_ONLY = ":is(a:not([href]), div, span, h2, h3)[x-on\\:click]:not([tabindex])";
const OUTSIDE = "#changelist-filter-close"; // closes by a click beside it; the keyboard has Esc
const ICON = ".material-symbols-outlined";
const names = () => {
    const { close, colours, more, menu, remove, search } = document.body.dataset;
    const themes = { computer: colours, dark_mode: colours, light_mode: colours };
    const dots = { more_horiz: more, more_vert: more };
    return { ...themes, ...dots, close, dock_to_right: menu, delete: remove, search };
};

// Symbols are letters of a font. Read aloud they would be "arrow_back": whatever shows nothing else
// gets its title as a name, or what the symbol stands for.
function nameSymbols() {
    for (const icon of document.querySelectorAll(`${ICON}:not([aria-hidden])`)) {
        const button = icon.closest("a, button, label, [role=button]");
        const symbol = icon.textContent.trim();
        if (!symbol) continue; // not yet drawn
        if (button !== icon) icon.setAttribute("aria-hidden", "true");
        const named = button?.matches("label") ? button.querySelector("input") : button;
        if (!named || named.hasAttribute("aria-label")) continue;
        const symbols = button === icon ? [icon] : [...button.querySelectorAll(ICON)];
        const text = symbols.reduce((all, it) => all.replace(it.textContent, ""), button.textContent);
        const name = button.title || icon.title || names()[symbol];
        if (name && !text.trim()) named.setAttribute("aria-label", name);
    }
}

// A search box in place of a list to choose from is called as the list is.
function nameSelects() {
    for (const box of document.querySelectorAll(".select2-selection:not([aria-label])")) {
        const select = box.closest(".select2-container").previousElementSibling;
        const name = select?.labels?.[0]?.textContent.trim() || select?.getAttribute("aria-label");
        if (!name) continue;
        for (const part of [box, box.querySelector("[role=textbox]")]) part?.setAttribute("aria-label", name);
    }
}

function makeReachable() {
    for (const element of document.querySelectorAll(MOUSE_ONLY)) {
        if (element.matches(OUTSIDE)) continue;
        element.tabIndex = 0;
        element.setAttribute("role", "button");
    }
    for (const button of document.querySelectorAll("trix-toolbar button[tabindex='-1']")) {
        button.tabIndex = 0;
        button.setAttribute("aria-label", button.title);
    }
    for (const tip of document.querySelectorAll(".help-tooltip:not([role])")) tip.setAttribute("role", "img");
    // What scrolls in there is reached one by one: it needs no stop and no landmark of its own.
    for (const part of document.querySelectorAll(".simplebar-content-wrapper[role]")) {
        for (const attribute of ["role", "aria-label", "tabindex"]) part.removeAttribute(attribute);
    }
    nameSymbols();
    nameSelects();
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
    } else if (button.matches("trix-toolbar button[aria-label]")) {
        event.preventDefault();
        button.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true }));
    }
});

// Whatever opens - a menu, the filters, the sidebar of a narrow page - takes the focus in, keeps it,
// closes on Esc and gives the focus back to what opened it.
const INSIDE = "a[href], button, input:not([type=hidden]), select, [tabindex='0']";
let opener = null;

function opened() {
    const narrow = matchMedia("(max-width: 79.99rem)").matches;
    const panels = `nav[x-show], #changelist-filter${narrow ? ", #nav-sidebar" : ""}`;
    return [...document.querySelectorAll(panels)].filter((it) => it.checkVisibility()).pop();
}

function inside(panel) {
    return [...panel.querySelectorAll(INSIDE)].filter((it) => it.checkVisibility() && !it.disabled);
}

document.addEventListener("click", ({ target }) => {
    const button = target.closest(":is(button, a, [role=button])[x-on\\:click]");
    if (!button || opened()?.contains(button)) return;
    opener = button;
    setTimeout(() => {
        const panel = opened(); // once it has faded in
        if (panel && !panel.contains(document.activeElement)) inside(panel)[0]?.focus();
    }, 200);
}, true);

document.addEventListener("keydown", (event) => {
    const panel = opened();
    if (!panel || document.querySelector(".select2-container--open")) return;
    if (event.key === "Escape") {
        if (panel.id !== "changelist-filter") opener?.click(); // that one closes by itself
        opener?.focus();
    } else if (event.key === "Tab") {
        const all = inside(panel);
        const [from, to] = event.shiftKey ? [all[0], all.at(-1)] : [all.at(-1), all[0]];
        if (document.activeElement !== from && panel.contains(document.activeElement)) return;
        event.preventDefault();
        to?.focus();
    }
});

// The same for the search over everything, which is opened by a key, too.
document.addEventListener("focusin", ({ target, relatedTarget }) => {
    if (target.id !== "search-input-command" || !relatedTarget) return;
    const window = target.closest("[x-show]");
    if (window.contains(relatedTarget)) return;
    target.addEventListener("keydown", function back({ key }) {
        if (key !== "Escape") return;
        setTimeout(() => {
            if (window.checkVisibility()) return;
            target.removeEventListener("keydown", back);
            relatedTarget.focus();
        });
    });
});

document.addEventListener("click", (event) => {
    const link = event.target.closest(".skip-link");
    if (!link) return;
    event.preventDefault(); // the part of the address after # is the open tab
    const content = document.querySelector(link.hash);
    content.tabIndex = -1;
    content.focus();
});

// What can be done with the chosen rows is the next thing after the box that chose the last one.
// Whoever listens for changes of rows is not to take the choice of an action for one.
document.addEventListener("change", ({ target }) => {
    if (!target.matches(".action-select, #action-toggle")) return;
    const bar = document.getElementById("changelist-actions-wrapper")?.parentElement;
    if (!bar) return;
    bar.onchange = (event) => event.stopPropagation();
    (target.closest("label") ?? target).after(bar);
});

// Enter opens what was found first; the theme fails where no arrow key has chosen anything yet.
document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.id !== "search-input-command") return;
    const search = window.Alpine.$data(event.target);
    if (!search.currentIndex) search.nextItem();
    if (search.currentIndex) return;
    event.preventDefault();
    event.stopImmediatePropagation();
}, true);
