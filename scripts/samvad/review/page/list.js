/** The cues of a lane beside those of another: a list of any length, of which only what is seen exists. */
import { byId, eachFrame, fill, h, say } from "./dom.js";
import { clock } from "./clock.js";
import { flagsOf, indexOf, lastBefore } from "./edits.js";
import { drawnPiece } from "./player.js";
import { figures, worst } from "./rules.js";
import { graphemes, pieces, plain } from "./text.js";

/** @typedef {import("./edits.js").Cue} Cue */
/** @typedef {import("./edits.js").Lane} Lane */

/** Events: `pick` (a cue was chosen: {id, from: "mouse"|"key"}), `save` ({lane, cue, text}), `edit-times` (cue id), `moment` (ms). */
export class CueList extends EventTarget {
  constructor() {
    super();
    this.box = byId("rows");
    this.space = byId("space");
    /** @type {Lane|undefined} */
    this.lane = undefined;
    /** @type {Lane|undefined} */
    this.beside = undefined;
    this.now = "";
    this.first = "";
    /** where the cue that is worked on begins, ms */
    this.place = 0;
    this.chosen = new Set();
    this.playing = "";
    this.find = "";
    /** while another part of the page has the focus for a moment, the text box stays */
    this.held = false;
    /** @type {any} the text box, its cue, lane, and what the text was */
    this.editing = null;
    /** @type {any} */
    this.preview = null;
    /** @type {Map<string, any>} */
    this.drawn = new Map();
    this.draw = eachFrame(() => this.paint());
    this.box.addEventListener("scroll", this.draw, { passive: true });
    new ResizeObserver(() => this.#measure()).observe(this.box);
    this.box.addEventListener("pointerdown", (/** @type {any} */ event) => this.#pointed(event));
    this.box.addEventListener("dblclick", (/** @type {any} */ event) => {
      const row = event.target.closest(".row");
      if (!row || event.target.closest("textarea")) return;
      if (event.target.closest(".times")) this.dispatchEvent(new CustomEvent("edit-times", { detail: row.dataset.cue }));
      else this.edit(row.dataset.cue, event.target.closest(".beside") ? this.beside : this.lane);
    });
    this.#measure();
  }

  #measure() {
    this.height = parseInt(getComputedStyle(this.box).getPropertyValue("--row"), 10) || 64;
    this.head = byId("listhead").offsetHeight;
    this.drawn.forEach((row) => { if (row !== this.editing?.row) row.remove(); });
    this.drawn = new Map(this.editing ? [[this.editing.id, this.editing.row]] : []);
    this.draw();
  }

  /** @param {any} event */
  #pointed(event) {
    const row = event.target.closest(".row");
    if (!row || !row.dataset.cue || event.target.closest("textarea, button")) return;
    if (event.shiftKey) this.choose(row.dataset.cue, "range");
    else if (event.ctrlKey || event.metaKey) this.choose(row.dataset.cue, "add");
    else this.choose(row.dataset.cue, "only");
    this.dispatchEvent(new CustomEvent("pick", { detail: { id: row.dataset.cue, from: "mouse" } }));
    if (event.shiftKey) event.preventDefault();
  }

  /** @param {Lane|undefined} lane @param {Lane|undefined} beside */
  show(lane, beside) {
    this.lane = lane;
    this.beside = beside;
    const cues = lane?.cues || [];
    this.box.setAttribute("aria-rowcount", String(cues.length + 1));
    this.space.style.height = cues.length * (this.height || 64) + "px";
    byId("empty").hidden = cues.length > 0;
    for (const id of this.chosen) if (indexOf(cues, id) < 0) this.chosen.delete(id);
    const at = indexOf(cues, this.now);
    // Where the cue is gone (an undo, another person), the one that stands there now is worked on.
    if (at >= 0) this.place = cues[at].start;
    else if (this.now) {
      this.now = cues[Math.max(0, lastBefore(cues, this.place + 1))]?.id || "";
      if (this.now) this.chosen.add(this.now);
    }
    this.draw();
  }

  /** Index of the cue that is worked on, or -1. */
  get at() { return this.lane ? indexOf(this.lane.cues, this.now) : -1; }
  /** @returns {Cue|undefined} */
  get cue() { return this.lane?.cues[this.at]; }
  /** The cues that are chosen, in the order of the film. @returns {Cue[]} */
  get cues() { return (this.lane?.cues || []).filter((cue) => this.chosen.has(cue.id)); }

  /** @param {string} id @param {"only"|"range"|"add"} how */
  choose(id, how = "only") {
    const cues = this.lane?.cues || [];
    if (how === "range") {
      const a = indexOf(cues, this.first || this.now), b = indexOf(cues, id);
      this.chosen = new Set(cues.slice(Math.max(0, Math.min(a, b)), Math.max(a, b) + 1).map((cue) => cue.id));
    } else if (how === "add") {
      if (this.chosen.has(id) && this.chosen.size > 1) this.chosen.delete(id); else this.chosen.add(id);
      this.first = id;
    } else {
      this.chosen = new Set([id]);
      this.first = id;
    }
    this.now = id;
    this.place = this.cue?.start ?? this.place;
    this.reveal(id);
    this.draw();
  }

  /** @param {string} id */
  reveal(id) {
    const at = indexOf(this.lane?.cues || [], id);
    if (at < 0) return;
    const top = at * (this.height || 64), seen = this.box.clientHeight - (this.head || 0);
    if (top < this.box.scrollTop) this.box.scrollTop = Math.max(0, top - seen * 0.2);
    else if (top + (this.height || 64) > this.box.scrollTop + seen) this.box.scrollTop = top + (this.height || 64) - seen * 0.8;
  }

  paint() {
    const cues = this.lane?.cues || [], height = this.height || 64, top = this.box.scrollTop;
    const first = Math.max(0, Math.floor(top / height) - 5), last = Math.min(cues.length, Math.ceil((top + this.box.clientHeight) / height) + 5);
    const wanted = new Set();
    for (let n = first; n < last; n += 1) this.#row(n, wanted);
    if (this.editing && !wanted.has(this.editing.id)) { const at = indexOf(cues, this.editing.id); if (at >= 0) this.#row(at, wanted); }
    for (const [id, row] of this.drawn) if (!wanted.has(id)) { row.remove(); this.drawn.delete(id); if (this.editing?.row === row) this.editing = null; }
    const active = this.drawn.get(this.now);
    if (active) this.box.setAttribute("aria-activedescendant", active.id); else this.box.removeAttribute("aria-activedescendant");
  }

  /** @param {number} n @param {Set<string>} wanted */
  #row(n, wanted) {
    const lane = /** @type {Lane} */ (this.lane), cue = lane.cues[n], preview = this.preview?.cue === cue.id ? this.preview : null;
    wanted.add(cue.id);
    const before = lane.cues[n - 1], next = lane.cues[n + 1], other = this.#besideOf(cue);
    let row = this.drawn.get(cue.id);
    const same = row && row.cue === cue && row.before === before && row.next === next && row.number === n && row.other === other && row.find === this.find && row.lane === lane.id && !preview && !row.preview;
    if (!row) {
      row = h("div.row", { role: "row", id: `row-${cue.id}`, "data-cue": cue.id });
      this.drawn.set(cue.id, row);
      this.space.append(row);
    }
    if (!same) {
      if (row.number !== n) { row.style.transform = `translateY(${n * (this.height || 64)}px)`; row.setAttribute("aria-rowindex", String(n + 2)); }
      Object.assign(row, { cue, before, next, number: n, other, find: this.find, lane: lane.id, preview: Boolean(preview) });
      if (this.editing?.id === cue.id && this.editing.row === row) this.live();
      else fill(row, this.#cells(preview ? { ...cue, start: preview.start, end: preview.end } : cue, n, other));
    }
    const now = cue.id === this.now, chosen = this.chosen.has(cue.id);
    row.className = "row" + (chosen ? " chosen" : "") + (now ? " now" : "") + (cue.id === this.playing ? " playing" : "") + (cue.song ? " song" : "");
    row.setAttribute("aria-selected", String(chosen));
  }

  /** The other lane's cues that stand there at the same time. @param {Cue} cue @returns {string} */
  #besideOf(cue) {
    if (!this.beside) return cue.said;
    const found = this.besideCues(cue);
    return found.map((one) => one.text).join("\n");
  }

  /** @param {Cue} cue @returns {Cue[]} */
  besideCues(cue) {
    const cues = this.beside?.cues || [], found = [];
    for (let n = lastBefore(cues, cue.end - 1); n >= 0 && cues[n].start > cue.start - 30000; n -= 1) {
      const common = Math.min(cues[n].end, cue.end) - Math.max(cues[n].start, cue.start);
      if (common > 0 && common >= Math.min(cues[n].end - cues[n].start, cue.end - cue.start) / 2) found.unshift(cues[n]);
    }
    return found;
  }

  /** @param {Cue} cue @param {number} n @param {string} other */
  #cells(cue, n, other) {
    const lane = /** @type {Lane} */ (this.lane), other_ = this.beside;
    return [
      h("span.num", { role: "gridcell" }, String(n + 1)),
      h("span.times", { role: "gridcell", title: "double click: type the times" }, h("span", null, clock(cue.start)), h("span", null, clock(cue.end))),
      this.#speed(cue),
      h("span.beside", { role: "gridcell", lang: other_?.language || "", dir: other_?.dir || "auto" }, this.#drawnText(other)),
      h("span.text", { role: "gridcell", lang: lane.language, dir: lane.dir }, this.#drawnText(cue.text)),
      h("span.flags", { role: "gridcell" }, this.#flags(cue, n)),
    ];
  }

  /** @param {Cue} cue */
  #speed(cue) {
    const rules = /** @type {Lane} */ (this.lane).rules, found = figures(cue, rules), over = rules.limit && found.duration + 10 < found.needed;
    const bar = h("i");
    bar.style.width = Math.min(100, (100 * found.speed) / ((rules.limit || 20) * 1.5)).toFixed(0) + "%";
    return h(over ? "span.speed.over" : "span.speed", { role: "gridcell", title: `${found.characters} characters, ${graphemes(found.text).length} as a reader counts them; ${(found.duration / 1000).toFixed(2)} s` },
      h("b", null, found.speed.toFixed(rules.unit === "words/min" ? 0 : 1)), bar);
  }

  /** @param {Cue} cue @param {number} n */
  #flags(cue, n) {
    const lane = /** @type {Lane} */ (this.lane), index = lane.cues[n]?.id === cue.id ? n : indexOf(lane.cues, cue.id);
    const made = flagsOf(cue, lane, index).map(([rule, level, message]) => h(`b.${level}`, { title: message }, rule));
    if (cue.sure !== null && cue.sure < 0.6) made.push(h("b.unsure", { title: "how sure recognition is of its words" }, `${Math.round(cue.sure * 100)} % sure`));
    if (cue.song) made.unshift(h("b.song", null, "♪"));
    if (cue.hand) made.push(h("b.hand", { title: "a person wrote it" }, "✎"));
    return made;
  }

  /** @param {string} text */
  #drawnText(text) {
    const needle = this.find.toLocaleLowerCase();
    return pieces(text).map((line, n) => [n ? h("br") : null, line.map((piece) => {
      const at = needle ? piece.text.toLocaleLowerCase().indexOf(needle) : -1;
      if (at < 0) return drawnPiece(piece);
      const part = (/** @type {string} */ words) => drawnPiece({ ...piece, text: words });
      return [part(piece.text.slice(0, at)), h("mark", null, part(piece.text.slice(at, at + needle.length))), part(piece.text.slice(at + needle.length))];
    })]);
  }

  /* Editing in place. */

  /** Open the text of a cue. @param {string} id @param {Lane} [lane] the list's own, or the one beside it @param {number} [caret] */
  edit(id, lane = this.lane, caret = -1) {
    if (!lane || !this.lane) return;
    this.finish();
    this.choose(id, this.chosen.has(id) ? "add" : "only");
    if (!this.chosen.has(id)) this.chosen.add(id);
    const index = indexOf(this.lane.cues, id);
    this.paint();
    const row = this.drawn.get(id);
    if (index < 0 || !row) return;
    const own = lane.id === this.lane.id, target = own ? this.lane.cues[index] : this.besideCues(this.lane.cues[index])[0];
    if (!target) return say("there is no text on that side");
    const cell = row.querySelector(own ? ".text" : ".beside");
    const box = h("textarea", { value: target.text, rows: 2, spellcheck: true, "aria-label": `text of cue ${index + 1}` });
    box.lang = lane.language;
    box.dir = lane.dir;
    fill(cell, [box]);
    this.editing = { id, row, box, lane: lane.id, cue: target.id, was: target.text, own };
    box.addEventListener("input", () => { this.live(); clearTimeout(this.timer); this.timer = setTimeout(() => this.save(), 900); });
    box.addEventListener("blur", () => { if (this.editing?.box === box && !this.held) this.finish(); });
    box.focus({ preventScroll: true });
    const place = caret < 0 ? box.value.length : caret;
    box.setSelectionRange(place, place);
    this.live();
  }

  /** Figures and rules of what stands in the text box now. */
  live() {
    const edit = this.editing;
    if (!edit?.own || !this.lane) return;
    const at = indexOf(this.lane.cues, edit.id);
    if (at < 0) return;
    const cue = { ...this.lane.cues[at], text: edit.box.value };
    edit.row.querySelector(".speed").replaceWith(this.#speed(cue));
    fill(edit.row.querySelector(".flags"), this.#flags(cue, at));
    const widths = figures(cue, this.lane.rules).widths, limit = this.lane.rules.width;
    edit.box.classList.toggle("long", widths.some((width) => width > limit));
    const level = worst(flagsOf(cue, this.lane, at));
    edit.box.setAttribute("aria-invalid", String(level === "error"));
    byId("figure").textContent = `${widths.join(" + ")} of ${limit} characters a line`;
  }

  /** Hand over what was typed so far; the text box stays. */
  save() {
    clearTimeout(this.timer);
    const edit = this.editing;
    if (!edit || edit.box.value === edit.was) return;
    const text = edit.box.value;
    edit.was = text;
    this.dispatchEvent(new CustomEvent("save", { detail: { lane: edit.lane, cue: edit.cue, text } }));
  }

  /** End editing: what was typed is kept. */
  finish(keep = true) {
    const edit = this.editing;
    if (!edit) return;
    if (keep) this.save();
    clearTimeout(this.timer);
    this.editing = null;
    byId("figure").textContent = "";
    const focused = document.activeElement === edit.box;
    edit.row.remove();
    this.drawn.delete(edit.id);
    this.paint();
    if (focused) this.box.focus({ preventScroll: true });
  }

  /** Another person changed the cue whose text box is open: theirs is shown where nothing was typed here. */
  refresh() {
    const edit = this.editing;
    if (!edit) return;
    const lane = edit.own ? this.lane : this.beside, cue = lane?.cues[indexOf(lane.cues, edit.cue)];
    if (!cue) { if (edit.box.value === edit.was) this.finish(false); return; }
    if (cue.text !== edit.was && edit.box.value === edit.was) { edit.box.value = cue.text; edit.was = cue.text; this.live(); }
  }

  /** Say the cue that was reached. */
  tell() {
    const cue = this.cue;
    if (cue && this.lane) say(`cue ${this.at + 1} of ${this.lane.cues.length}: ${plain(cue.text)}. ${flagsOf(cue, this.lane, this.at).map((flag) => flag[2]).join(". ")}`);
  }
}
