// The editor writes a text anew as soon as it shows it. Send what it was given unless somebody
// changed it: merely opening a page must not count as an edit.
const texts = new WeakMap();

document.addEventListener("trix-before-initialize", ({ target }) => {
    texts.set(target, { given: target.inputElement.value });
});

document.addEventListener("trix-initialize", ({ target }) => {
    Object.assign(texts.get(target) ?? {}, { shown: target.inputElement.value });
});

document.addEventListener("submit", (event) => {
    for (const editor of event.target.querySelectorAll("trix-editor")) {
        const { given, shown } = texts.get(editor) ?? {};
        if (shown === editor.inputElement.value) editor.inputElement.value = given;
    }
});
