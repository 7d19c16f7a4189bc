// @ts-check
// What belongs to the frame of every page: theme, time zone, shortcuts that work anywhere, the list of shortcuts.
import { onKeys, press } from "../keys.js";

const year = 365 * 24 * 3600;
const root = document.documentElement;

/** @param {string} name @param {string} value */
const keep = (name, value) => {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=${year}; samesite=lax${secure}`;
};

// The server shows times in this zone from the next page on.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes(`seismo_zone=${encodeURIComponent(zone)}`)) keep("seismo_zone", zone);

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.matches(".theme")) return;
  event.preventDefault();
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  keep("seismo_theme", root.dataset.theme);
});

const keysList = document.getElementById("keys");
const home = document.querySelector(".nav a")?.getAttribute("href") ?? "/issues";

onKeys({
  t: () => press("theme"),
  z: () => press("undo"),
  ".": () => !document.getElementById("fresh")?.hidden && press("fresh"),
  "?": () => keysList instanceof HTMLDialogElement && keysList.showModal(),
  "/": () => {
    const field = document.getElementById("q");
    if (!field) location.href = home;
    field?.focus();
  },
  "g i": () => (location.href = home),
  "g p": () => (location.href = home.replace(/issues$/, "projects")),
});

if (/Mac|iP(hone|ad)/.test(navigator.platform)) for (const key of document.querySelectorAll("[data-mod]")) key.textContent = "⌘K";

// A click beside a dialog closes it.
document.addEventListener("click", ({ target }) => {
  if (target instanceof HTMLDialogElement) target.close();
});
