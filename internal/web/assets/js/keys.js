// @ts-check
// Single keys as shortcuts. They are off while somebody types, in dialogs, and with the modifiers that browsers use.

/** @param {EventTarget | null} target */
const typing = (target) =>
  target instanceof Element && target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]") !== null;

let lead = "";
/** @type {ReturnType<typeof setTimeout> | undefined} */
let leadEnds;

/**
 * Calls the function of a key: "e", "J" (with shift), "g i" (one after the other). A function that returns false leaves the
 * key to the browser.
 * @param {Record<string, (event: KeyboardEvent) => unknown>} keys
 * @param {AbortSignal} [signal]
 */
export function onKeys(keys, signal) {
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || typing(event.target)) return;
      if (document.querySelector("dialog[open]")) return;
      const run = keys[lead ? `${lead} ${event.key}` : event.key];
      if (run && run(event) !== false) event.preventDefault();
    },
    { signal },
  );
}

// After all others have seen a key, "g" is remembered for a moment.
addEventListener("keydown", (event) => {
  clearTimeout(leadEnds);
  const begins = event.key === "g" && !lead && !typing(event.target) && !event.metaKey && !event.ctrlKey && !event.altKey;
  lead = begins ? "g" : "";
  if (begins) leadEnds = setTimeout(() => (lead = ""), 900);
});

/** Presses what has this id. @param {string} id */
export function press(id) {
  const el = document.getElementById(id);
  if (!el || el.getAttribute("aria-disabled") === "true") return false;
  el.click();
  return true;
}
