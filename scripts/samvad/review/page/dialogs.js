/** Questions to the person: two texts of one cue, what was changed, times, replacing, and proposals before they are taken. */
import { get, post } from "./api.js";
import { clock, parseClock } from "./clock.js";
import { fill, h, openDialog, say } from "./dom.js";
import { indexOf } from "./edits.js";
import { wordsOf } from "./text.js";

/** @typedef {import("./document.js").FilmDocument} FilmDocument */
/** @typedef {import("./acts.js").Acts} Acts */

/** Two people wrote the same cue: show both. @param {FilmDocument} film @param {any} found */
export function conflict(film, found) {
  const wording = (/** @type {any} */ edit, /** @type {any} */ cue) => (edit.op === "set_text" ? edit.text : edit.op === "delete" ? "(deleted)" : cue ? `${clock(edit.start ?? cue.start)} – ${clock(edit.end ?? cue.end)}\n${edit.text ?? cue.text}` : edit.op);
  const rows = found.conflicts.map((/** @type {any} */ one) => {
    const theirs = one.theirs?.cue, by = one.by || "another window";
    const text = one.edit.op === "set_text" ? h("textarea", { value: one.edit.text, rows: 2, "aria-label": "your text" }) : null;
    return { one, text, row: h("div.sides", null,
      h("div", null, h("b", null, "Yours"), text || h("blockquote", { dir: "auto" }, wording(one.edit, theirs))),
      h("div", null, h("b", null, `By ${by}`), h("blockquote", { dir: "auto" }, theirs ? `${clock(theirs.start)} – ${clock(theirs.end)}\n${theirs.text}` : "(deleted)"))) };
  });
  openDialog("The same cue was changed by somebody else meanwhile", [h("p", null, "Nothing was overwritten. Which is right?"), rows.map((/** @type {any} */ row) => row.row)], [
    { label: "Keep theirs" },
    { label: "Put mine in its place", main: true, act: () => {
      const edits = found.batch.edits.map((/** @type {any} */ edit) => {
        const row = rows.find((/** @type {any} */ made) => made.one.edit.cue === edit.cue && made.text);
        return row && edit.op === "set_text" ? { ...edit, text: row.text.value } : edit;
      });
      film.edit(edits, found.batch.label, true);
    } },
  ]);
}

/** An edit that the server would not take: its words are shown, so that they can be copied. @param {any} found */
export function refused(found) {
  const texts = found.batch.edits.map((/** @type {any} */ edit) => edit.text ?? [edit.head, edit.tail].filter(Boolean).join("\n")).filter(Boolean);
  openDialog("This change was not taken", [
    h("p", null, `${found.batch.label}: ${found.error.message}${found.error.remedy ? `. ${found.error.remedy}` : ""}`),
    texts.length ? h("textarea", { readOnly: true, rows: 3, value: texts.join("\n\n"), "aria-label": "what you wrote" }) : null,
  ], [{ label: "Close", main: true }]);
}

/** @param {FilmDocument} film */
export async function history(film) {
  let entries;
  try { entries = await get(`${film.path}/history`); } catch (error) { return say(String(error)); }
  const table = h("table", null, h("thead", null, h("tr", null, ["when", "who", "what", ""].map((name) => h("th", { scope: "col" }, name)))));
  const box = openDialog("What was changed", [entries.length ? table : h("p.soft", null, "Nothing yet.")], [{ label: "Close", main: true }], { wide: true });
  table.append(h("tbody", null, entries.slice().sort((/** @type {any} */ a, /** @type {any} */ b) => b.revision - a.revision).slice(0, 400).map((/** @type {any} */ entry) => h("tr", null,
    h("td", null, String(entry.at).replace("T", " ").slice(0, 19)), h("td", null, entry.by), h("td", { dir: "auto" }, entry.undone ? h("s", null, entry.label) : entry.label || (entry.ops || []).map((/** @type {any} */ op) => op.op || op).join(", ")),
    h("td", null, entry.by === "samvad" || /^(undo|redo): /.test(entry.label || "") ? null : h("button", { type: "button", onclick: () => { film.edit([{ op: entry.undone ? "redo" : "undo", entry: entry.revision }], `${entry.undone ? "redo" : "undo"}: ${entry.label}`); box.close(); } }, entry.undone ? "bring back" : "take back"),
      " ", h("button", { type: "button", title: "all as it was after this step; that is a step too", onclick: () => { film.edit([{ op: "restore", revision: entry.revision }], `as it was at ${String(entry.at).slice(11, 19)}`); box.close(); } }, "as it was then"))))));
}

/** Type a cue's times. @param {Acts} acts @param {number} rate */
export function times(acts, rate) {
  const cue = acts.list.cue;
  if (!cue) return;
  const start = h("input", { value: clock(cue.start), "aria-label": "in-time", size: 12 }), end = h("input", { value: clock(cue.end), "aria-label": "out-time", size: 12 }), wrong = h("p.bad", { role: "alert" });
  openDialog(`Times of cue ${acts.list.at + 1}`, [h("label", null, "in", start), h("label", null, "out", end), h("p.soft", null, `such as 01:02:03.500, 62:03 or 3723.5; a frame is ${(1000 / rate).toFixed(1)} ms`), wrong], [{ label: "Cancel" }, { label: "Set", main: true, act: () => {
    const [from, to] = [parseClock(start.value), parseClock(end.value)];
    if (from === null || to === null || to <= from) { wrong.textContent = from === null ? "The in-time is no time." : to === null ? "The out-time is no time." : "The cue would go before it comes."; return false; }
    acts.times(cue.id, from, to);
  } }]);
  start.select();
}

/** @param {Acts} acts */
export function goTo(acts) {
  const place = h("input", { "aria-label": "number or time", placeholder: "212 or 14:03" });
  openDialog("Go to", [place, h("p.soft", null, "A number of a cue, or a time with a colon.")], [{ label: "Cancel" }, { label: "Go", main: true, act: () => {
    const cues = acts.lane.cues, text = place.value.trim(), ms = text.includes(":") ? parseClock(text) : null;
    if (ms !== null) acts.player.seek(ms);
    const cue = ms !== null ? cues.find((one) => one.end >= ms) : /^\d+$/.test(text) ? cues[Number(text) - 1] : undefined;
    if (!cue) return ms === null ? false : undefined;
    acts.list.choose(cue.id);
    acts.list.dispatchEvent(new CustomEvent("pick", { detail: { id: cue.id, from: ms !== null ? "time" : "key" } }));
  } }]);
}

/** Shift or stretch several cues. @param {Acts} acts */
export function shift(acts) {
  const cues = acts.lane.cues, chosen = acts.list.cues;
  const which = h("select", { "aria-label": "which cues" }, h("option", { value: "chosen" }, `the chosen (${chosen.length})`), h("option", { value: "after" }, "this one and all after it"), h("option", { value: "all" }, `all (${cues.length})`));
  const by = h("input", { value: "0", size: 8, "aria-label": "shift by milliseconds" });
  const factor = h("select", { "aria-label": "stretch" }, [["1", "no"], [String(25 / 24), "24 → 25 frames, slower text"], [String(24 / 25), "25 → 24"], [String(1001 / 1000), "24 → 23.976"], [String(1000 / 1001), "23.976 → 24"], [String(25025 / 24000), "25 → 23.976"], [String(24000 / 25025), "23.976 → 25"], ["other", "by two times"]].map(([value, label]) => h("option", { value }, label)));
  const first = h("input", { size: 12, value: clock(chosen[0]?.start || 0), "aria-label": "where the first cue is to begin" }), last = h("input", { size: 12, value: clock(chosen.at(-1)?.start || 0), "aria-label": "where the last cue is to begin" });
  const two = h("div", { hidden: true }, h("label", null, "the first begins at", first), h("label", null, "the last begins at", last));
  factor.onchange = () => { two.hidden = factor.value !== "other"; };
  openDialog("Shift or stretch", [h("label", null, "Which", which), h("label", null, "by", by, "ms (− is earlier)"), h("label", null, "stretch", factor), two], [
    { label: "Snap to shots", act: () => { acts.snap(); } }, { label: "Cancel" },
    { label: "Do it", main: true, act: () => {
      const at = acts.list.at, ids = (which.value === "all" ? cues : which.value === "after" ? cues.slice(Math.max(0, at)) : chosen).map((cue) => cue.id), ms = Math.round(Number(by.value.replace("−", "-")));
      const [from, to] = [cues[indexOf(cues, ids[0])], cues[indexOf(cues, ids[ids.length - 1])]];
      if (!from || !to || Number.isNaN(ms)) return false;
      if (factor.value === "other") {
        const [a, b] = [parseClock(first.value), parseClock(last.value)];
        if (a === null || b === null || b <= a || to.start <= from.start) return false;
        acts.stretch(ids, (b - a) / (to.start - from.start), from.start);
        acts.shift(ids, a - from.start);
      } else {
        acts.stretch(ids, Number(factor.value), which.value === "all" ? 0 : from.start);
        acts.shift(ids, ms);
      }
    } },
  ]);
}

/** Find and replace in the lane: a list first, as with every change that a person did not type. @param {Acts} acts @param {string} found */
export function replace(acts, found) {
  const find = h("input", { value: found, "aria-label": "find" }), by = h("input", { "aria-label": "replace by" }), same = h("input", { type: "checkbox" }), regular = h("input", { type: "checkbox" }), all = h("input", { type: "checkbox" }), wrong = h("p.bad", { role: "alert" });
  openDialog("Replace", [h("label", null, "find", find), h("label", null, "by", by), h("label", null, same, "capital letters count"), h("label", null, regular, "a regular expression"), h("label", null, all, "in all languages of the film"), wrong], [{ label: "Cancel" }, { label: "Show what would change", main: true, act: () => {
    let pattern;
    try { pattern = new RegExp(regular.checked ? find.value : find.value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), same.checked ? "gu" : "giu"); } catch (error) { wrong.textContent = String(/** @type {Error} */ (error).message); return false; }
    if (!find.value) return false;
    const title = `“${find.value}” → “${by.value}”`;
    // A cue's tags are no letters of it.
    const tags = (/** @type {string} */ text) => (text.match(/<\/?[ibu]>/g) || []).join("");
    const replaced = (/** @type {string} */ text) => text.replace(pattern, /** @type {any} */ (regular.checked ? by.value : () => by.value));
    const outside = (/** @type {string} */ text) => (tags(replaced(text)) === tags(text) ? replaced(text) : text.split(/(<\/?[ibu]>)/).map((part) => (tags(part) === part ? part : replaced(part))).join(""));
    if (all.checked) { setTimeout(() => propose(acts, { kind: "replace", find: find.value, with: by.value, regex: regular.checked, case: same.checked }, title)); return; }
    const items = acts.lane.cues.flatMap((cue) => {
      const after = outside(cue.text);
      return after === cue.text ? [] : [{ before: { start: cue.start, end: cue.end, text: cue.text }, after: { start: cue.start, end: cue.end, text: after }, reason: `cue ${indexOf(acts.lane.cues, cue.id) + 1}, ${clock(cue.start, 1)}`, ticked: after.trim() !== "", edits: [{ op: "set_text", lane: acts.lane.id, cue: cue.id, text: after }] }];
    });
    setTimeout(() => proposed(acts, title, items));
  } }]);
}

/** Words that differ, marked. @param {string} before @param {string} after @returns {[any[], any[]]} */
function difference(before, after) {
  const a = before.split(/(\s+)/), b = after.split(/(\s+)/);
  let head = 0, tail = 0;
  while (head < Math.min(a.length, b.length) && a[head] === b[head]) head += 1;
  while (tail < Math.min(a.length, b.length) - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const shown = (/** @type {string[]} */ parts, /** @type {string} */ mark) => [parts.slice(0, head).join(""), parts.length - tail > head ? h(mark, null, parts.slice(head, parts.length - tail).join("")) : null, parts.slice(parts.length - tail).join("")];
  return [shown(a, "del"), shown(b, "ins")];
}

/**
 * Show what would change: before, after, why; what is ticked is taken as one step.
 * @param {Acts|{take: (items: any[], title: string) => void, player?: undefined}} acts those of a film; of many films, what takes items
 * @param {string} title
 * @param {any[]} items
 */
export function proposed(acts, title, items) {
  const ticks = items.map((item, n) => h("input", { type: "checkbox", checked: item.ticked, "aria-label": `take ${n + 1}: ${item.after.text}` }));
  const rows = items.map((item, n) => {
    const moved = item.before.start !== item.after.start || item.before.end !== item.after.end;
    const times = (/** @type {any} */ side) => (moved ? h("small.soft", null, `${clock(side.start)} – ${clock(side.end)}\n`) : null);
    const [before, after] = difference(item.before.text || "", item.after.text || "");
    const start = Math.min(item.before.start, item.after.start), end = Math.max(item.before.end, item.after.end);
    return h("tr", null, h("td", null, ticks[n]), h("td.before.now", { dir: "auto" }, times(item.before), before), h("td.now", { dir: "auto" }, times(item.after), after), h("td.soft", null, item.reason),
      acts.player ? h("td", null, h("button", { type: "button", "aria-label": "hear it", onclick: () => acts.player.play(start - 200, end + 200) }, "▶")) : null);
  });
  const count = h("span.soft"), tell = () => { count.textContent = `${ticks.filter((tick) => tick.checked).length} of ${ticks.length} are ticked`; };
  for (const tick of ticks) tick.onchange = tell;
  tell();
  openDialog(title, items.length ? [
    h("div.tabs", null, h("button", { type: "button", onclick: () => { ticks.forEach((tick) => { tick.checked = true; }); tell(); } }, "all"), h("button", { type: "button", onclick: () => { ticks.forEach((tick) => { tick.checked = false; }); tell(); } }, "none"), count),
    h("table.proposal", null, h("thead", null, h("tr", null, ["take", "now", "then", "why", ...(acts.player ? ["hear"] : [])].map((name) => h("th", { scope: "col" }, name)))), h("tbody", null, rows)),
  ] : [h("p", null, "Nothing would change.")], [{ label: items.length ? "Cancel" : "Close", main: !items.length }, ...(items.length ? [{ label: "Take what is ticked", main: true, act: () => {
    const taken = items.filter((_, n) => ticks[n].checked);
    if (!taken.length) return;
    if ("take" in acts) acts.take(taken, title); else acts.film.edit(taken.flatMap((item) => item.edits), title);
  } }] : [])], { wide: true });
}

/** Ask the server for a proposal and show it when it is there. @param {Acts} acts @param {any} asked @param {string} title */
async function propose(acts, asked, title) {
  const told = h("p", { role: "status" }, "asked for; this can take a minute");
  let over = false;
  const box = openDialog(title, [told, h("progress", { "aria-label": "it is being made" })], [{ label: "Do not wait", main: true }], { closed: () => { over = true; } });
  try {
    let answer = await post(`${acts.film.path}/proposals`, asked);
    while (answer.state === "running" && !over) {
      await new Promise((done) => setTimeout(done, 400));
      answer = await get(`${acts.film.path}/proposals/${encodeURIComponent(answer.id)}`);
    }
    if (over) return;
    if (answer.state === "failed") { told.textContent = answer.error || "it failed"; box.querySelector("progress")?.remove(); return; }
    box.close();
    proposed(acts, title, answer.items);
  } catch (error) {
    told.textContent = `${/** @type {any} */ (error).message}. ${/** @type {any} */ (error).remedy || ""}`;
    box.querySelector("progress")?.remove();
  }
}

/** Mend a stretch by the cutter, without changing its words. @param {Acts} acts @param {number} start @param {number} end */
export const mend = (acts, start, end) => propose(acts, { kind: "mend", lane: acts.lane.id, start, end }, "Mend by the rules");

/** Shorter texts for a stretch that is too much to read. @param {Acts} acts @param {number} start @param {number} end */
export const shorten = (acts, start, end) => propose(acts, { kind: "shorten", lane: acts.lane.id, start, end }, "Shorten");

/** What the second reader would rather have, in the whole film. @param {Acts} acts */
export const secondReading = (acts) => propose(acts, { kind: "second_reading", lane: acts.lane.id }, "Second reading");

/** Recognise or translate a stretch again. @param {Acts} acts @param {"recognise"|"translate"} kind @param {number} start @param {number} end */
export async function again(acts, kind, start, end) {
  /** @type {{models?: string[], backends?: string[], separate?: string}} */
  const can = await get(`${acts.film.path}/again`).catch(() => ({}));
  const about = acts.film.about, heard = kind === "recognise", models = h("datalist", { id: "models" }, (can.models || []).map((/** @type {string} */ name) => h("option", { value: name })));
  const language = h("input", { value: about.source || "", size: 8, "aria-label": "language" }), model = h("input", { placeholder: "as configured", list: "models", "aria-label": "model" });
  const prompt = h("input", { type: "checkbox", checked: true }), words = h("input", { size: 40, maxLength: 2000, dir: "auto", placeholder: "names or words, with commas", "aria-label": "words that are said there" });
  const separate = h("input", { type: "checkbox", disabled: !can.separate }), backend = h("select", { "aria-label": "translated by" }, h("option", { value: "" }, "as configured"), (can.backends || []).map((/** @type {string} */ name) => h("option", null, name)));
  // Words are told the model with the film's names, or not at all.
  words.oninput = () => { if (words.value.trim()) prompt.checked = true; };
  openDialog(heard ? "Recognise again" : "Translate again", [h("p", null, `${clock(start)} – ${clock(end)}`), models,
    heard ? [h("label", null, "language", language), h("label", null, "model", model), h("label", null, "told these words before", words), h("label", null, prompt, "told the film's names, too"), h("label", null, separate, "without the music", can.separate ? null : h("small.soft", null, " (demucs is not installed)"))]
      : [h("label", null, "by", backend), h("label", null, "Whisper's model", model)]], [
    { label: "Hear it", act: () => { acts.player.play(start, end); return false; } }, { label: "Cancel" },
    { label: "Ask", main: true, act: () => {
      const how = heard ? { language: language.value.trim(), words: words.value.trim(), prompt: prompt.checked, separate: separate.checked ? can.separate : "" } : { backend: backend.value };
      const asked = { kind, lane: acts.lane.id, start: Math.round(start), end: Math.round(end), model: model.value.trim(), ...how };
      setTimeout(() => propose(acts, asked, kind === "recognise" ? "Heard again" : "Translated again"));
    } },
  ]);
}

/** @param {Acts} acts */
export function addLane(acts) {
  const language = h("input", { size: 8, placeholder: "ta", "aria-label": "language" }), from = h("select", { "aria-label": "from" }, [...acts.film.lanes.values()].map((lane) => h("option", { value: lane.id, selected: lane.id === acts.lane.id }, lane.name)));
  openDialog("Add a track", [h("label", null, "language (a short code)", language), h("label", null, "its cues from", from)], [{ label: "Cancel" }, { label: "Add", main: true, act: () => {
    const code = language.value.trim();
    if (!/^[a-zA-Z]{2,3}(-[A-Za-z0-9]+)*$/.test(code)) return false;
    acts.film.edit([{ op: "add_lane", language: code, from: from.value }], `track ${code} added`);
  } }]);
}

/** @param {Acts} acts */
export function approve(acts) {
  const lane = acts.lane, by = h("input", { value: acts.film.about.you || "", "aria-label": "your name" });
  if (lane.approved && !lane.approved.changed) {
    return openDialog(`${lane.name} is approved`, [h("p", null, `By ${lane.approved.by}, ${String(lane.approved.at).replace("T", " ").slice(0, 16)}.`)], [{ label: "Take the approval back", act: () => { acts.film.edit([{ op: "unapprove", lane: lane.id }], "approval taken back"); } }, { label: "Close", main: true }]);
  }
  const open = acts.film.needs.filter((need) => !need.done && (!need.lane || need.lane === lane.id)).length;
  openDialog(`Approve ${lane.name}`, [h("p", null, "It is finished, and you answer for it. A later automatic run does not change an approved track without saying so."), open ? h("p.warn", null, `${open} places are still listed as needing a person.`) : null, h("label", null, "your name", by)], [{ label: "Cancel" }, { label: "Approve", main: true, act: async () => {
    if (!by.value.trim()) return false;
    if (by.value.trim() !== acts.film.about.you) { try { await post("/api/you", { name: by.value.trim() }); acts.film.about.you = by.value.trim(); } catch { /* the name is in the edit too */ } }
    acts.film.edit([{ op: "approve", lane: lane.id, by: by.value.trim() }], `${lane.name} approved`);
  } }]);
}

/** Other spellings of the word at the cursor: cast and glossary. @param {Acts} acts @param {(a: string, b: string, most?: number) => number} distance */
export function spellings(acts, distance) {
  const box = acts.list.editing?.box;
  if (!box) return;
  const at = box.selectionStart, before = /\S*$/.exec(box.value.slice(0, at))?.[0] || "", after = /^\S*/.exec(box.value.slice(at))?.[0] || "", word = (before + after).replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{M}\p{N}]+$/gu, "");
  const lead = (before + after).indexOf(word), from = at - before.length + lead;
  const near = (acts.film.about.people || []).flatMap((/** @type {string} */ name) => [name, ...wordsOf(name)]).filter((/** @type {string} */ name, /** @type {number} */ n, /** @type {string[]} */ all) => all.indexOf(name) === n)
    .map((/** @type {string} */ name) => ({ name, far: distance(name.toLocaleLowerCase(), word.toLocaleLowerCase()) })).sort((/** @type {any} */ a, /** @type {any} */ b) => a.far - b.far).slice(0, 8);
  if (!near.length) return say("the film has no cast and no glossary");
  const place = box.getBoundingClientRect(), list = h("div", { id: "spellings", role: "menu", "aria-label": `instead of ${word}` });
  const close = () => { list.remove(); box.focus(); };
  fill(list, near.map((/** @type {{name: string}} */ { name }, /** @type {number} */ n) => h("button", { type: "button", role: "menuitem", onmousedown: (/** @type {Event} */ event) => event.preventDefault(), onclick: () => { close(); box.setRangeText(name, from, from + word.length, "end"); acts.list.live(); acts.list.save(); } }, h("kbd", null, String(n + 1)), name)));
  list.style.left = `${Math.min(place.left, innerWidth - 220)}px`;
  list.style.top = `${Math.min(place.bottom + 4, innerHeight - 40 - 30 * near.length)}px`;
  list.onkeydown = (/** @type {KeyboardEvent} */ event) => {
    const buttons = [...list.querySelectorAll("button")], now = buttons.indexOf(document.activeElement), step = { ArrowDown: 1, ArrowUp: -1 }[/** @type {"ArrowDown"|"ArrowUp"} */ (event.key)];
    event.stopPropagation();
    if (event.key === "Escape") close();
    else if (/^[1-8]$/.test(event.key) && buttons[Number(event.key) - 1]) buttons[Number(event.key) - 1].click();
    else if (step) buttons[(now + step + buttons.length) % buttons.length].focus();
    else return;
    event.preventDefault();
  };
  // The box must not end editing because the menu takes the focus.
  acts.list.held = true;
  document.body.append(list);
  list.querySelector("button").focus();
  acts.list.held = false;
}
