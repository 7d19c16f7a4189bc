// @ts-check
// Keys and selection of the issue stream. The element stands at the end of the list and goes with it when it is replaced.
import { onKeys, press } from "../keys.js";

class IssueList extends HTMLElement {
  #stop = new AbortController();

  connectedCallback() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    onKeys(
      {
        j: () => this.#go(1),
        k: () => this.#go(-1),
        J: () => this.#extend(1),
        K: () => this.#extend(-1),
        x: () => this.#toggle(this.#at()),
        Enter: ({ target }) => (target instanceof Element && target.matches("a, button, summary") ? false : this.#open()),
        Escape: () => this.#clear(),
        e: () => this.#act("resolve"),
        a: () => this.#act("acknowledge"),
        i: () => this.#act("ignore"),
        m: () => press("as-" + (this.#at()?.dataset.id ?? "")),
      },
      signal,
    );
    document.addEventListener("change", (event) => this.#changed(event), { signal });
    document.addEventListener("swap:done", (event) => this.#placed(event), { signal });
    document.addEventListener("focusin", ({ target }) => {
      const row = target instanceof Element ? target.closest(".issue") : null;
      if (row) this.#mark(/** @type {HTMLElement} */ (row));
    }, { signal });
    addEventListener("pagehide", () => sessionStorage.setItem("cursor " + location.href, this.#at()?.id ?? ""), { signal });
    const none = document.getElementById("select-none");
    if (none) {
      none.hidden = false;
      none.addEventListener("click", () => this.#clear(), { signal });
    }
    this.#count();
    this.#restore();
  }

  disconnectedCallback() {
    this.#stop.abort();
  }

  /** @returns {HTMLElement[]} */
  #rows() {
    return [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".issue"))];
  }

  #at() {
    return /** @type {HTMLElement | null} */ (document.querySelector(".issue.at"));
  }

  /** @param {HTMLElement} row */
  #mark(row) {
    for (const other of document.querySelectorAll(".issue.at")) if (other !== row) other.classList.remove("at");
    row.classList.add("at");
  }

  /** @param {HTMLElement | undefined} row */
  #focus(row) {
    if (!row) return false;
    row.focus({ preventScroll: true });
    this.#mark(row);
    row.scrollIntoView({ block: "nearest" });
    return true;
  }

  /** @param {number} by */
  #go(by) {
    const rows = this.#rows();
    const at = this.#at();
    return this.#focus(at ? rows[Math.max(0, Math.min(rows.indexOf(at) + by, rows.length - 1))] : rows[0]);
  }

  /** @param {number} by */
  #extend(by) {
    this.#tick(this.#at(), true);
    this.#go(by);
    this.#tick(this.#at(), true);
  }

  /** @param {HTMLElement | null} row @param {boolean} on */
  #tick(row, on) {
    const box = row?.querySelector("input.check");
    if (box instanceof HTMLInputElement && box.checked !== on) {
      box.checked = on;
      this.#count();
    }
  }

  /** @param {HTMLElement | null} row */
  #toggle(row) {
    const box = row?.querySelector("input.check");
    if (box instanceof HTMLInputElement) this.#tick(row, !box.checked);
  }

  #selected() {
    return document.querySelectorAll(".issue input.check:checked").length;
  }

  #clear() {
    const any = this.#selected() > 0;
    for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input.check:checked"))) box.checked = false;
    this.#count();
    return any;
  }

  #count() {
    const words = document.getElementById("selected");
    if (words) words.textContent = `${this.#selected()} selected`;
  }

  /** @param {Event} event */
  #changed(event) {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || !box.matches("input.check")) return;
    if (box.id === "select-all") for (const row of this.#rows()) this.#tick(row, box.checked);
    this.#count();
  }

  #open() {
    const link = this.#at()?.querySelector(".title a");
    if (!(link instanceof HTMLElement)) return false;
    link.click();
    return true;
  }

  /** Acts on what is selected, or else on the row under the cursor. @param {string} act */
  #act(act) {
    const scope = this.#selected() ? document.querySelector(`.bulk button[value="${act}"]`) : this.#at()?.querySelector(`[data-act="${act}"]`);
    if (!(scope instanceof HTMLElement)) return false;
    scope.click();
    return true;
  }

  /** After an act on a row the cursor goes to the next one. @param {Event} event */
  #placed(event) {
    const { target, status } = /** @type {CustomEvent} */ (event).detail;
    this.#count();
    const row = document.getElementById(target);
    if (status !== 200 || !row?.matches(".issue") || !row.contains(document.activeElement)) return;
    const rows = this.#rows();
    this.#focus(rows[rows.indexOf(row) + 1] ?? row);
  }

  /** Going back finds the cursor where it was. */
  #restore() {
    const [entry] = performance.getEntriesByType("navigation");
    const id = sessionStorage.getItem("cursor " + location.href);
    if (!id || !(entry instanceof PerformanceNavigationTiming) || entry.type !== "back_forward") return;
    this.#focus(/** @type {HTMLElement | undefined} */ (document.getElementById(id) ?? undefined));
  }
}

customElements.define("issue-list", IssueList);
