// @ts-check
// Copies the text in data-copy, or that of the element named by data-copy-from.
import { toast } from "./toasts.js";

/** @param {string} text */
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without HTTPS there is no clipboard but this.
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "vh";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("refused");
}

class CopyButton extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    const button = this.querySelector("button");
    button?.addEventListener("click", async () => {
      const text = button.dataset.copy ?? document.getElementById(button.dataset.copyFrom ?? "")?.textContent ?? "";
      try {
        await copy(text);
        toast(button.dataset.done ?? "Copied");
      } catch {
        toast("The browser did not allow copying", true);
      }
    });
  }
}

customElements.define("copy-button", CopyButton);
