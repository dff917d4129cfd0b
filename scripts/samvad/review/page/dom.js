/** Elements made by code: every text is set as text, so that no film's words are ever markup. */

/**
 * Make an element: `h("button.quiet", {title: "x", onclick: f}, "text", child)`.
 * @param {string} kind a tag with classes
 * @param {Record<string, any>|null} [attributes] properties, and `aria-…`, `role`, `data-…` as attributes
 * @param {...any} children elements, texts, lists of them; null is nothing
 * @returns {any}
 */
export function h(kind, attributes, ...children) {
  const [tag, ...classes] = kind.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("on") || name in element && !/^(list|form|dir|lang|role)$/.test(name)) /** @type {any} */ (element)[name] = value;
    else element.setAttribute(name, String(value));
  }
  fill(element, children);
  return element;
}

/** @param {Element} element @param {any} content */
export function fill(element, content) {
  element.replaceChildren(...[content].flat(Infinity).filter((part) => part !== null && part !== undefined && part !== false));
}

/** The element of the page with an id. @param {string} id @returns {any} */
export const byId = (id) => document.getElementById(id);

/** Run a function in the next frame, once, however often it is asked for. @param {() => void} task */
export function eachFrame(task) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; task(); });
  };
}

/** Say something to those who hear the page. @param {string} text */
export function say(text) {
  const box = byId("say");
  if (box) box.textContent = text;
}

const colours = new Map();
/** A colour of the page's theme. @param {string} name */
export function colour(name) {
  if (!colours.has(name)) colours.set(name, getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim());
  return colours.get(name);
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { colours.clear(); dispatchEvent(new Event("samvad-theme")); });

/**
 * Open a dialog; the focus comes back to where it was.
 * @param {string} title
 * @param {any[]} body
 * @param {{label: string, main?: boolean, act?: () => void|boolean|Promise<void|boolean>, disabled?: boolean}[]} buttons an act that returns false keeps it open
 * @param {{wide?: boolean, closed?: () => void}} [options]
 * @returns {HTMLDialogElement}
 */
export function openDialog(title, body, buttons, options = {}) {
  const back = /** @type {HTMLElement|null} */ (document.activeElement);
  const box = h(options.wide ? "dialog.wide" : "dialog", { "aria-label": title });
  const act = async (/** @type {any} */ button) => { if (!button.act || (await button.act()) !== false) box.close(); };
  const form = h("form", { method: "dialog", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); const main = buttons.find((button) => button.main); if (main && !main.disabled) act(main); } },
    h("h2", null, title), h("div.body", null, body),
    h("div.buttons", null, buttons.map((button) => h(button.main ? "button.main" : "button", {
      type: button.main ? "submit" : "button", disabled: button.disabled, onclick: button.main ? null : () => act(button),
    }, button.label))));
  // In a text of several lines Enter is a new line.
  form.onkeydown = (/** @type {KeyboardEvent} */ event) => { if (event.key === "Enter" && event.ctrlKey) { event.preventDefault(); form.requestSubmit(); } };
  box.append(form);
  box.addEventListener("close", () => { box.remove(); options.closed?.(); if (back?.isConnected) back.focus(); });
  document.body.append(box);
  box.showModal();
  box.querySelector(/** @type {any} */ ("input:not([type=checkbox]), textarea, select, button.main"))?.focus();
  return box;
}
