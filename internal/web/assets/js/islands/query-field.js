// @ts-check
// The query field: Backspace at its start edits the last token; after Enter what became a token leaves the input.

class QueryField extends HTMLElement {
  connectedCallback() {
    const input = this.querySelector("input[type=search]");
    if (!(input instanceof HTMLInputElement)) return;
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") return input.blur();
      if (event.key !== "Backspace" || input.selectionStart !== 0 || input.selectionEnd !== 0) return;
      const last = [...this.querySelectorAll(".tok")].at(-1);
      const text = last?.querySelector("input")?.value;
      if (!last || text === undefined) return;
      event.preventDefault();
      last.remove();
      input.value = `${text} ${input.value}`.trimEnd();
      input.setSelectionRange(text.length, text.length);
    });
    document.addEventListener("swap:done", (event) => {
      if (/** @type {CustomEvent} */ (event).detail.target !== "stream") return;
      input.value = document.getElementById("toks")?.dataset.rest ?? "";
    });
  }
}

customElements.define("query-field", QueryField);
