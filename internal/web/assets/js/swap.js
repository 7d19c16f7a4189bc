// @ts-check
// Parts of pages without a framework. A form or link with data-swap="id" fetches its own action or href and puts the
// elements of the answer in place of those with the same ids. Without JavaScript the same form posts and the same link
// navigates, so nothing here is needed for a page to work.
//
//   <form action="/issues" data-swap="rows" data-typing>             GET: replaces #rows, also while typing
//     <button data-swap="stream" data-push>                          Enter: another part, and the URL is pushed
//   <form action="/issues/CHK-4F2/resolve" method="post" data-swap="issue-CHK-4F2">
//
// The server sees "Fragment: <id>" and answers with one or more elements that carry ids; all of them are placed, so a row
// and a counter can change together. Any status is placed (409 and 422 bring the refused state). An answer without such an
// element is a whole page (a login, say), and is shown as one.

/** @type {Map<string, AbortController>} one request per target: a newer one cancels the older */
const running = new Map();

/**
 * @param {string} url
 * @param {string} target
 * @param {RequestInit & {push?: boolean}} [options]
 */
export async function swap(url, target, { push = false, ...init } = {}) {
  running.get(target)?.abort();
  const control = new AbortController();
  running.set(target, control);
  const slow = setTimeout(() => document.getElementById(target)?.setAttribute("aria-busy", "true"), 200);
  try {
    const answer = await fetch(url, { ...init, signal: control.signal, headers: { ...init.headers, Fragment: target } });
    const parts = new DOMParser().parseFromString(await answer.text(), "text/html").body.children;
    const placed = [...parts].filter(place);
    if (placed.length === 0) location.assign(answer.url);
    else if (push && answer.ok) history.pushState({ target }, "", answer.url);
    announce("swap:done", { target, status: answer.status });
  } catch (error) {
    if (!control.signal.aborted) announce("swap:failed", { target, error });
  } finally {
    clearTimeout(slow);
    if (running.get(target) === control) {
      running.delete(target);
      document.getElementById(target)?.removeAttribute("aria-busy");
    }
  }
}

/** Puts part in the place of the element with its id, keeping focus and opened details. @param {Element} part */
function place(part) {
  const old = part.id && document.getElementById(part.id);
  if (!old) return false;
  if (old.hasAttribute("aria-live")) {
    // A live region that is replaced as a whole is read by nobody.
    old.replaceChildren(...[...part.childNodes].map((node) => document.adoptNode(node)));
    return true;
  }
  const focus = document.activeElement;
  const held = focus && old.contains(focus) ? focus.closest("[id]")?.id : undefined;
  for (const open of old.querySelectorAll("details[id][open]")) part.querySelector("#" + CSS.escape(open.id))?.setAttribute("open", "");
  old.replaceWith(document.adoptNode(part));
  if (held) (document.getElementById(held) ?? document.getElementById(part.id))?.focus({ preventScroll: true });
  return true;
}

/** @param {string} name @param {object} detail */
const announce = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

/** @param {HTMLFormElement} form @param {HTMLElement | null} [submitter] */
function send(form, submitter) {
  const data = new URLSearchParams(/** @type {any} */ (new FormData(form, submitter)));
  const target = submitter?.dataset.swap ?? form.dataset.swap ?? "";
  const action = submitter instanceof HTMLButtonElement && submitter.hasAttribute("formaction") ? submitter.formAction : form.action;
  if (form.method === "post") return swap(action, target, { method: "POST", body: data });
  for (const [name, value] of [...data]) if (value === "") data.delete(name, value);
  return swap(`${action.split("?")[0]}?${String(data).replaceAll("%3A", ":")}`, target, { push: "push" in (submitter ?? form).dataset });
}

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.dataset.swap) return;
  event.preventDefault();
  clearTimeout(typing);
  void send(form, event.submitter);
});

document.addEventListener("click", (event) => {
  const link = /** @type {Element} */ (event.target).closest?.("a[data-swap]");
  if (!(link instanceof HTMLAnchorElement) || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  void swap(link.href, link.dataset.swap ?? "", { push: "push" in link.dataset });
});

/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing;
document.addEventListener("input", (event) => {
  const form = /** @type {Element} */ (event.target).closest("form[data-typing]");
  if (!(form instanceof HTMLFormElement)) return;
  clearTimeout(typing);
  typing = setTimeout(() => send(form), 150);
});

addEventListener("popstate", (event) => {
  if (event.state?.target || history.state?.target || !location.hash) location.reload();
});
