// How far a piece of work is, asked for until it has ended; then the page leads on.
async function follow(shown) {
    const bar = shown.querySelector("progress");
    const { lang } = document.documentElement;
    const number = shown.querySelector("[data-number]");
    try {
        const answer = await fetch(shown.dataset.work);
        // signed out meanwhile, or gone: the page itself says so
        if (answer.redirected || answer.status === 403 || answer.status === 404) return location.reload();
        const { done, total, waits, says, goes_on, goes_to } = await answer.json();
        if (goes_to) return location.replace(goes_to);
        if (total || waits) Object.assign(bar, { value: done, max: total || 1 });
        else bar.removeAttribute("value");
        number.textContent = total ? `${done.toLocaleString(lang)} / ${total.toLocaleString(lang)}` : "";
        shown.querySelector("[data-says]").textContent = says;
        shown.querySelector("[data-goes-on]").textContent = goes_on;
    } catch {
        // the server is away for a moment
    }
    setTimeout(() => follow(shown), 1000);
}

document.addEventListener("DOMContentLoaded", () => {
    const shown = document.querySelector("[data-work]");
    if (shown) follow(shown);
});
