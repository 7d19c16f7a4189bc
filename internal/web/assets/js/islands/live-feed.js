// @ts-check
// Keeps numbers of the page up to date. Nothing moves: figures change in place, new issues wait behind a bar.
import { live } from "../live.js";
import { swap } from "../swap.js";

const least = 2000; // between two refreshes

class LiveFeed extends HTMLElement {
  /** @type {(() => void) | undefined} */ #stop;
  #last = 0;
  #heard = new Date();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #soon;

  connectedCallback() {
    const button = this.querySelector("button");
    this.hidden = !button;
    button?.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      localStorage.setItem("live", on ? "on" : "off");
      on ? this.#start() : this.#pause();
    });
    document.querySelector("#offline button")?.addEventListener("click", () => this.#start());
    if (localStorage.getItem("live") === "off") this.#pause();
    else this.#start();
  }

  disconnectedCallback() {
    this.#stop?.();
  }

  #start() {
    this.#stop?.();
    this.#show(true, "Live");
    this.#stop = live(
      this.dataset.url ?? "",
      ["issues", "beat"],
      ({ name, data }) => {
        this.#heard = new Date();
        if (name === "beat") this.#beat(data);
        this.#refresh(name === "issues" ? 0 : 8000);
      },
      (on) => this.#show(on, on ? "Live" : "Not live"),
    );
  }

  #pause() {
    this.#stop?.();
    this.#stop = undefined;
    this.#show(false, "Paused");
  }

  /** @param {boolean} on @param {string} word */
  #show(on, word) {
    const button = this.querySelector("button");
    button?.setAttribute("aria-pressed", String(word !== "Paused"));
    const dot = this.querySelector(".dot");
    if (dot) dot.className = on ? "dot pulse" : "dot off";
    const text = this.querySelector(".word");
    if (text && text.textContent !== word) text.textContent = word;
    const bar = document.getElementById("offline");
    if (!bar) return;
    bar.hidden = word !== "Not live";
    const at = bar.querySelector("span > span");
    if (at && !bar.hidden) at.textContent = `Last update ${this.#heard.toLocaleTimeString("en-GB")}. Trying again.`;
  }

  /** @param {{rate: string, trace: string}} data */
  #beat({ rate, trace }) {
    const figure = document.getElementById("rate");
    if (figure) figure.textContent = rate;
    document.getElementById("trace")?.setAttribute("d", trace);
  }

  /** Asks for what changed, but not within so many ms of the last time. @param {number} rest */
  #refresh(rest) {
    if (document.hidden || this.#soon) return;
    const wait = Math.max(this.#last + least - Date.now(), 0);
    if (Date.now() - this.#last < rest) return;
    this.#soon = setTimeout(async () => {
      this.#soon = undefined;
      this.#last = Date.now();
      const target = this.dataset.refresh ?? "";
      const url = new URL(location.href);
      if (target === "live") {
        url.searchParams.set("since", this.dataset.since ?? "");
        for (const row of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".issue"))) url.searchParams.append("row", row.dataset.id ?? "");
      } else if (!document.querySelector(`#${target} .pulse`)) {
        return;
      }
      const before = new Map([...document.querySelectorAll('[id^="ev-"]')].map((el) => [el.id, el.textContent]));
      await swap(url.href, target);
      // An empty page has nothing that could move: the first issues come by themselves.
      if (target === "live" && document.querySelector("#rows .quiet") && document.getElementById("fresh")?.hidden === false) void swap(location.href, "stream");
      for (const [id, text] of before) {
        const el = document.getElementById(id);
        if (el && el.textContent !== text) el.classList.add("flash");
      }
    }, wait);
  }
}

customElements.define("live-feed", LiveFeed);
