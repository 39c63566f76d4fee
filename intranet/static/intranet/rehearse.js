// What a form would do is shown without leaving it: the server does it, says what it did, and takes
// it back. Without this script the page itself comes back with the plan.
async function rehearse(form, button) {
    const data = new FormData(form);
    if (button?.name) data.set(button.name, button.value);
    data.set("_ask", "yes");
    data.delete("_said");
    const headers = { "X-Rehearse": "1" };
    try {
        const here = form.getAttribute("action") || location.pathname + location.search;
        const answer = await fetch(here, { method: "POST", body: data, headers });
        if (!answer.ok || answer.redirected) return null;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        return page.querySelector(".plan");
    } catch {
        return null;
    }
}

// A form that adds or changes a row is sent at once, unless what it does has to be confirmed. It is
// sent, too, when the server gave no plan, or one that takes long: the page says why.
function watchForm(form, dialog) {
    const [shown, save, back] = dialog.querySelectorAll("[data-plan], [data-save], [data-back]");
    let state = "";
    let button;

    function send() {
        state = "sending";
        form.requestSubmit(button);
    }

    function show(plan) {
        state = "";
        shown.replaceChildren(plan);
        plan.querySelector("[data-reasons]")?.toggleAttribute("hidden", button.name === "_ask");
        save.hidden = button.name === "_ask" || "refused" in plan.dataset;
        window.addEventListener("beforeunload", window.preventLeaving); // the theme's, gone by now
        dialog.showModal();
    }

    // The listeners of the form itself are done by then: they complete what it sends.
    document.addEventListener("submit", async (event) => {
        if (event.target !== form) return;
        const said = form.querySelector("[name=_said]")?.value;
        if (state === "sending" || (!state && said && event.submitter.name !== "_ask")) {
            state = "sent";
            setTimeout(() => (state = ""), 5000); // unless the page is left by then
            return;
        }
        event.preventDefault();
        if (state) return;
        state = "asking";
        button = event.submitter;
        button.setAttribute("aria-busy", "true");
        const plan = await rehearse(form, button);
        button.removeAttribute("aria-busy");
        if (plan && !("long" in plan.dataset) && (button.name === "_ask" || "confirm" in plan.dataset)) show(plan);
        else send();
    });

    save.addEventListener("click", () => {
        const said = form.querySelector("[name=_said]") ?? document.createElement("input");
        Object.assign(said, { type: "hidden", name: "_said" });
        said.value = shown.querySelector("[name=_said]").value;
        form.append(said);
        dialog.close();
        send();
    });
    back.addEventListener("click", () => dialog.close());
    window.addEventListener("pageshow", () => (state = ""));
}

// The page before an action shows what the answers given there do. Calendars and search boxes set
// them without an event: whatever is done on the page, it looks whether they changed.
function watchAnswers(form) {
    const [status, shown, act, ask] = form.querySelectorAll("[role=status], [data-plan], [data-act], [data-ask]");
    const text = ([name, it]) => [name, it instanceof File ? `${it.name} ${it.size} ${it.lastModified}` : it];
    const answers = () => JSON.stringify([...new FormData(form)].filter(([name]) => name !== "_said").map(text));
    let last = answers();
    let timer;
    let sending = false;

    async function renew() {
        const now = answers();
        if (now === last) return true;
        last = now;
        shown.setAttribute("aria-busy", "true");
        const plan = await rehearse(form);
        if (now !== last) return true;
        shown.removeAttribute("aria-busy");
        shown.replaceChildren(...(plan ? [plan] : []));
        act.hidden = !plan || "refused" in plan.dataset;
        ask.hidden = !act.hidden;
        status.textContent = plan ? plan.dataset.says : form.dataset.wrong;
        return plan && !("long" in plan.dataset);
    }

    // A page that comes back has lost the chosen file: it does so only to say what is wrong, or to
    // lead to what takes long.
    document.addEventListener("submit", async (event) => {
        if (event.target !== form || event.submitter?.name !== "_ask" || sending) return;
        event.preventDefault();
        clearTimeout(timer);
        last = "";
        if (await renew()) return;
        sending = true;
        form.requestSubmit(event.submitter);
    });
    window.addEventListener("pageshow", () => (sending = false));

    for (const kind of ["input", "change", "click", "keyup", "focusin"]) {
        document.addEventListener(kind, () => {
            clearTimeout(timer);
            timer = setTimeout(renew, 300);
        });
    }
}

document.addEventListener("DOMContentLoaded", () => {
    // Back to a question opens the page that asked it: what was sent to ask is not sent once more.
    if (document.querySelector("form [name=post], form[action$='/process_import/']")) history.replaceState(null, "", location.href);
    const dialog = document.getElementById("rehearsal");
    const button = document.querySelector("button[name=_ask][form]");
    if (dialog && button) watchForm(button.form, dialog);
    const asking = document.querySelector("form[data-answers]");
    if (asking) watchAnswers(asking);
});
