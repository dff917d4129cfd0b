/** Find and replace in all films: a list first, then one step in each film, which its own page can take back. */
import { fresh, get, post } from "./api.js";
import { proposed } from "./dialogs.js";
import { h, openDialog, say } from "./dom.js";

/** What was done, and what was not, with why. @param {any[]} items @param {string} title */
async function take(items, title) {
  const client = fresh(), failed = [];
  let count = 0;
  for (const film of new Set(items.map((item) => item.film))) {
    const mine = items.filter((item) => item.film === film);
    try {
      await post(`/api/films/${encodeURIComponent(film)}/edits`, { key: fresh(), client, base: mine[0].revision, edits: mine.flatMap((item) => item.edits), label: title });
      count += 1;
    } catch (error) {
      const { message, remedy } = /** @type {any} */ (error);
      failed.push(h("li", { dir: "auto" }, `${mine[0].title}: ${message}. ${remedy || ""}`));
    }
  }
  const told = `${count} film${count === 1 ? " was" : "s were"} changed`;
  say(told);
  openDialog("Replaced", [h("p", { id: "replaced" }, `${told}; "put into the film" on each film's page makes them new.`), failed.length ? h("p.bad", null, "Nothing was changed in these:") : null, failed.length ? h("ul", null, failed) : null], [{ label: "Close", main: true }]);
}

/** @param {any} asked @param {string} title */
async function propose(asked, title) {
  const told = h("p", { role: "status" }, "all films are looked through");
  let over = false;
  const box = openDialog(title, [told, h("progress", { "aria-label": "films are looked through" })], [{ label: "Do not wait", main: true }], { closed: () => { over = true; } });
  try {
    let answer = await post("/api/proposals", asked);
    while (answer.state === "running" && !over) {
      await new Promise((done) => setTimeout(done, 300));
      answer = await get(`/api/proposals/${encodeURIComponent(answer.id)}`);
    }
    if (over) return;
    if (answer.state === "failed") throw new Error(answer.error || "it failed");
    box.close();
    proposed({ take }, answer.more ? `${title}: the first ${answer.items.length} of ${answer.items.length + answer.more}` : title, answer.items.map((/** @type {any} */ item) => ({ ...item, reason: `${item.title} (${item.lane}): ${item.reason}` })));
  } catch (error) {
    told.textContent = `${/** @type {any} */ (error).message}. ${/** @type {any} */ (error).remedy || ""}`;
    box.querySelector("progress")?.remove();
  }
}

/** Ask what is to be replaced, in one language or all. */
export function replaceInAll() {
  const find = h("input", { "aria-label": "find" }), by = h("input", { "aria-label": "replace by" }), same = h("input", { type: "checkbox" }), regular = h("input", { type: "checkbox" }), lane = h("input", { size: 6, placeholder: "all", "aria-label": "language" });
  openDialog("Replace in all films", [h("label", null, "find", find), h("label", null, "by", by), h("label", null, same, "capital letters count"), h("label", null, regular, "a regular expression"), h("label", null, "language", lane)], [{ label: "Cancel" }, { label: "Show what would change", main: true, act: () => {
    if (!find.value) return false;
    setTimeout(() => propose({ kind: "replace", find: find.value, with: by.value, regex: regular.checked, case: same.checked, lane: lane.value.trim() }, `“${find.value}” → “${by.value}”`));
  } }]);
  find.focus();
}
