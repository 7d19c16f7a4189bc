// @ts-check
// The command palette: acts on the thing in front of you, pages, and whatever is typed.
import { press } from "../keys.js";

const palette = /** @type {HTMLDialogElement | null} */ (document.getElementById("palette"));
const input = palette?.querySelector("input");
const list = palette?.querySelector("ul");

/** @returns {HTMLElement[]} */
const options = () => [.../** @type {NodeListOf<HTMLElement>} */ (palette?.querySelectorAll('[role="option"]:not([hidden])') ?? [])];

/** @param {HTMLElement | undefined} chosen */
function mark(chosen) {
  for (const o of palette?.querySelectorAll('[role="option"]') ?? []) o.setAttribute("aria-selected", String(o === chosen));
  if (chosen && !chosen.id) chosen.id = "cmd-" + Math.random().toString(36).slice(2);
  input?.setAttribute("aria-activedescendant", chosen?.id ?? "");
  chosen?.scrollIntoView({ block: "nearest" });
}

/** Offers what the text itself may mean: an event, an issue, a search. @param {string} text */
function typed(text) {
  for (const old of list?.querySelectorAll(".typed") ?? []) old.remove();
  if (!text || !palette) return;
  /** @param {string} words @param {string} href */
  const offer = (words, href) => {
    const li = document.createElement("li");
    li.className = "typed";
    li.setAttribute("role", "option");
    li.dataset.href = href;
    li.textContent = words;
    list?.prepend(li);
  };
  const { issues = "", events = "" } = palette.dataset;
  offer(`Search issues for “${text}”`, `${issues}?q=${encodeURIComponent(text)}`);
  if (/^[a-z0-9]{2,4}-[a-z0-9]{3,}$/i.test(text)) offer(`Open issue ${text.toUpperCase()}`, `${issues}/${encodeURIComponent(text.toUpperCase())}`);
  if (/^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(text)) offer(`Open event ${text}`, `${events}/${text.replaceAll("-", "")}`);
}

/** @param {string} query */
function filter(query) {
  const text = query.trim();
  typed(text);
  for (const o of /** @type {NodeListOf<HTMLElement>} */ (palette?.querySelectorAll('[role="option"]:not(.typed)') ?? [])) {
    const target = o.dataset.press;
    o.hidden = !o.textContent?.toLowerCase().includes(text.toLowerCase()) || (target !== undefined && !document.getElementById(target));
  }
  for (const group of /** @type {NodeListOf<HTMLElement>} */ (palette?.querySelectorAll(".grp") ?? [])) {
    let next = /** @type {HTMLElement | null} */ (group.nextElementSibling);
    let any = false;
    for (; next && !next.matches(".grp"); next = /** @type {HTMLElement | null} */ (next.nextElementSibling)) any ||= !next.hidden;
    group.hidden = !any;
  }
  // A command that fits comes first; what is only typed is searched for.
  mark(options().find((o) => !o.matches(".typed") || /^Open/.test(o.textContent ?? "")) ?? options()[0]);
}

function open() {
  if (!palette || !input) return;
  palette.showModal();
  input.value = "";
  filter("");
  input.focus();
}

/** @param {HTMLElement | undefined} option */
function run(option) {
  palette?.close();
  if (option?.dataset.href) location.href = option.dataset.href;
  else if (option?.dataset.press) press(option.dataset.press);
}

palette?.addEventListener("input", () => filter(input?.value ?? ""));
palette?.addEventListener("keydown", (event) => {
  const all = options();
  const at = all.findIndex((o) => o.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown") mark(all[Math.min(at + 1, all.length - 1)]);
  else if (event.key === "ArrowUp") mark(all[Math.max(at - 1, 0)]);
  else if (event.key === "Enter") run(all[at]);
  else return;
  event.preventDefault();
});
palette?.addEventListener("click", (event) => {
  const option = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest('[role="option"]'));
  if (option) run(option);
});
document.addEventListener("click", (event) => {
  if (!(/** @type {Element} */ (event.target).closest?.('[data-open="palette"]'))) return;
  event.preventDefault();
  open();
});
document.addEventListener("keydown", (event) => {
  if (!(event.metaKey || event.ctrlKey) || event.key.toLowerCase() !== "k") return;
  event.preventDefault();
  if (!document.querySelector("dialog[open]")) open();
});
