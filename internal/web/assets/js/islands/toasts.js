// @ts-check
// Messages that float for six seconds. The way back stays until then, and by the key z.

const shown = 6000;
const tray = document.getElementById("toasts");
/** @type {ReturnType<typeof setTimeout> | undefined} */
let ends;

function leave() {
  clearTimeout(ends);
  if (!tray?.children.length) return;
  ends = setTimeout(() => {
    if (tray.matches(":hover, :focus-within")) return leave();
    tray.replaceChildren();
  }, shown);
}

if (tray) new MutationObserver(leave).observe(tray, { childList: true });

/** @param {string} text @param {boolean} [bad] */
export function toast(text, bad = false) {
  const box = document.createElement("div");
  box.className = bad ? "toast bad" : "toast";
  box.textContent = text;
  tray?.replaceChildren(box);
}

document.addEventListener("swap:failed", (event) => {
  if (/** @type {CustomEvent} */ (event).detail.target !== "live") toast("No answer from the server. Check the connection, then try again.", true);
});
