// @ts-check
// Keys of the issue page, and the section one is in.
import { onKeys, press } from "../keys.js";

class IssueDetail extends HTMLElement {
  #stop = new AbortController();

  connectedCallback() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    onKeys(
      {
        e: () => press("act-resolve") || press("act-reopen"),
        a: () => press("act-acknowledge"),
        w: () => press("act-start"),
        i: () => press("act-ignore"),
        m: () => press("act-assign"),
        y: () => press("copy-md"),
        "[": () => press("older"),
        "]": () => press("newer"),
      },
      signal,
    );
    document.addEventListener("scroll", () => requestAnimationFrame(() => this.#mark()), { signal, passive: true });
    document.addEventListener("swap:done", () => this.#mark(), { signal });
    this.#mark();
  }

  disconnectedCallback() {
    this.#stop.abort();
  }

  #mark() {
    const links = [.../** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(".jump a"))];
    const top = (document.querySelector(".evnav")?.getBoundingClientRect().bottom ?? 0) + 32;
    let current = links[0];
    for (const link of links) {
      const section = document.getElementById(link.hash.slice(1));
      if (section && section.getBoundingClientRect().top <= top) current = link;
    }
    for (const link of links) {
      if (link === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }
}

customElements.define("issue-detail", IssueDetail);
