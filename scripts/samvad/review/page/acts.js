/** What the keys and buttons do with cues: each makes edits of the document, and nothing else. */
import { say } from "./dom.js";
import { indexOf, lastBefore, splitAt } from "./edits.js";
import { figures } from "./rules.js";
import { plain, toggleDash, toggleSong, toggleTag, wordsOf } from "./text.js";

/** @typedef {import("./edits.js").Edit} Edit */

export class Acts {
  /** @param {import("./document.js").FilmDocument} film @param {import("./list.js").CueList} list @param {import("./player.js").Player} player */
  constructor(film, list, player) {
    this.film = film;
    this.list = list;
    this.player = player;
  }

  /** @returns {import("./edits.js").Lane} */
  get lane() { return /** @type {any} */ (this.list.lane); }

  /** @param {Edit[]} edits @param {string} label */
  #do(edits, label) { say(label); return this.film.edit(edits.map((edit) => ({ lane: this.lane.id, ...edit })), label); }

  #number() { return this.list.at + 1; }

  /** The text box's own, or the cue's. */
  get text() { return this.list.editing?.own ? this.list.editing.box.value : this.list.cue?.text || ""; }

  /** Change the text in the open box, or of the cue at once. @param {(text: string, from: number, to: number) => {text: string, from: number, to: number}} change @param {string} label */
  rewrite(change, label) {
    const box = this.list.editing?.box;
    if (box) {
      const made = change(box.value, box.selectionStart, box.selectionEnd);
      box.value = made.text;
      box.setSelectionRange(made.from, made.to);
      this.list.live();
      this.list.save();
      return;
    }
    const edits = this.list.cues.map((cue) => ({ op: "set_text", cue: cue.id, text: change(cue.text, 0, 0).text }));
    if (edits.length) this.#do(edits, label);
  }

  italics() { this.rewrite((text, from, to) => toggleTag(text, from, to, "i"), "italics"); }
  dash() { this.rewrite((text) => { const made = toggleDash(text, this.lane.rules.dash); return { text: made, from: made.length, to: made.length }; }, "dashes"); }
  song() { this.rewrite((text) => { const made = toggleSong(text); return { text: made, from: made.length, to: made.length }; }, "song's marks"); }
  swap() {
    if (this.list.editing) return this.rewrite((text) => { const made = text.split("\n").reverse().join("\n"); return { text: made, from: made.length, to: made.length }; }, "lines swapped");
    const edits = this.list.cues.map((cue) => ({ op: "swap_lines", cue: cue.id }));
    if (edits.length) this.#do(edits, "lines swapped");
  }

  async split() {
    const cue = this.list.cue, editing = this.list.editing;
    if (!cue) return;
    const found = splitAt(cue, this.text, editing?.own ? editing.box.selectionStart : -1, this.lane);
    if (!found) return say("on one side of the cursor nothing would be left");
    const id = this.film.newId();
    this.list.finish(false);
    this.#do([{ op: "split", cue: cue.id, at: found.at, head: found.head, tail: found.tail, new: id }], `cue ${this.#number()} split`);
    this.list.choose(id);
    if (editing) this.list.edit(id, this.lane, 0);
  }

  merge() {
    this.list.finish();
    const chosen = this.list.cues, cues = this.lane.cues;
    const run = chosen.length > 1 ? chosen : cues.slice(this.list.at, this.list.at + 2);
    if (run.length < 2 || this.list.at < 0) return say("there is no next cue to merge with");
    const first = indexOf(cues, run[0].id);
    if (run.some((cue, n) => cues[first + n]?.id !== cue.id)) return say("only cues that follow each other can be one");
    this.#do(run.slice(1).map((cue) => ({ op: "merge", cue: run[0].id, with: cue.id })), `${run.length} cues merged`);
    this.list.choose(run[0].id);
  }

  /** @param {number} start @param {number} end @param {string} [text] */
  insert(start, end, text = "") {
    const id = this.film.newId();
    this.list.finish();
    this.#do([{ op: "insert", new: id, start: Math.round(start), end: Math.round(end), text }], "cue added");
    this.list.choose(id);
    this.list.edit(id);
  }

  /** A new cue beside the one that is worked on, in the room that is there. @param {1|-1} side */
  insertBeside(side) {
    const cues = this.lane.cues, at = this.list.at, cue = cues[at], { gap, shortest } = this.lane.rules;
    if (!cue) return this.insert(this.player.at, this.player.at + 2000);
    const from = side > 0 ? cue.end + gap : (cues[at - 1]?.end ?? -gap) + gap, to = side > 0 ? (cues[at + 1]?.start ?? this.player.duration + gap) - gap : cue.start - gap;
    const length = Math.max(shortest, Math.min(2000, to - from));
    if (side > 0) this.insert(from, from + length); else this.insert(Math.max(0, to - length), Math.max(shortest, to));
  }

  remove() {
    const chosen = this.list.cues, at = this.list.at;
    if (!chosen.length) return;
    this.list.finish(false);
    const rest = this.lane.cues.filter((cue) => !this.list.chosen.has(cue.id)), next = rest[Math.min(rest.length - 1, Math.max(0, at))];
    this.#do(chosen.map((cue) => ({ op: "delete", cue: cue.id })), chosen.length > 1 ? `${chosen.length} cues deleted` : `cue ${at + 1} deleted`);
    if (next) this.list.choose(next.id);
  }

  /** @param {"start"|"end"} edge @param {number} ms @param {boolean} [ripple] all after it too */
  edge(edge, ms, ripple = false) {
    const cue = this.list.cue, to = Math.round(ms);
    if (!cue) return;
    if (ripple) {
      const by = to - cue.start;
      return this.#do([{ op: "shift", cues: this.lane.cues.slice(this.list.at).map((one) => one.id), ms: by }], `cue ${this.#number()} and all after it by ${by} ms`);
    }
    const start = edge === "start" ? to : cue.start, end = edge === "end" ? to : cue.end;
    // A new in-time behind the out-time takes the whole cue along, as a person who hears it late wants.
    if (end <= start) return edge === "start" ? this.times(cue.id, start, start + (cue.end - cue.start)) : say("the out-time would stand before the in-time");
    this.times(cue.id, start, end);
  }

  /** @param {string} cue @param {number} start @param {number} end */
  times(cue, start, end) { this.#do([{ op: "set_times", cue, start, end }], `times of cue ${indexOf(this.lane.cues, cue) + 1}`); }

  /** @param {"next"|"previous"} to */
  extend(to) { if (this.list.cue) this.#do([{ op: "extend", cue: this.list.cue.id, to }], to === "next" ? "extended to the next cue" : "extended to the cue before"); }

  /** The last word to the next line, from the last line to the next cue; the first word the other way. @param {1|-1} way */
  word(way) {
    const editing = this.list.editing, cue = this.list.cue;
    if (!cue || !editing?.own) return;
    const box = editing.box, lines = box.value.split("\n"), place = box.value.slice(0, box.selectionStart).split("\n").length - 1;
    if (way > 0 && place < lines.length - 1) {
      const words = wordsOf(lines[place]), last = words.pop();
      if (last) { lines[place] = words.join(" "); lines[place + 1] = `${last} ${lines[place + 1]}`; }
    } else if (way < 0 && place > 0) {
      const words = wordsOf(lines[place]), first = words.shift();
      if (first) { lines[place] = words.join(" "); lines[place - 1] = `${lines[place - 1]} ${first}`; }
    } else {
      this.list.save();
      if (wordsOf(plain(box.value)).length < 2) return say("the only word stays");
      return this.#do([{ op: "move_word", cue: cue.id, to: way > 0 ? "next" : "previous" }], way > 0 ? "last word to the next cue" : "first word to the cue before");
    }
    const caret = Math.min(box.selectionStart, lines.filter(Boolean).join("\n").length);
    this.rewrite(() => ({ text: lines.filter(Boolean).join("\n"), from: caret, to: caret }), "word moved");
  }

  breakLines() {
    this.list.save();
    const edits = this.list.cues.map((cue) => ({ op: "break_lines", cue: cue.id }));
    if (edits.length) this.#do(edits, "lines broken anew");
  }

  snap() { if (this.list.chosen.size) this.#do([{ op: "snap", cues: this.list.cues.map((cue) => cue.id) }], "drawn to shots"); }
  /** @param {string[]} cues @param {number} ms */
  shift(cues, ms) { if (cues.length && ms) this.#do([{ op: "shift", cues, ms }], `${cues.length} cues by ${ms} ms`); }
  /** @param {string[]} cues @param {number} factor @param {number} pivot */
  stretch(cues, factor, pivot) { if (cues.length && factor > 0 && factor !== 1) this.#do([{ op: "stretch", cues, factor, pivot }], `${cues.length} cues × ${factor.toFixed(5)}`); }

  /** @param {number} by @param {boolean} [extend] */
  move(by, extend = false) {
    const cues = this.lane.cues, editing = Boolean(this.list.editing);
    let at = this.list.at;
    if (at < 0) at = Math.max(0, lastBefore(cues, this.player.at)) - Math.sign(by);
    const next = cues[Math.min(cues.length - 1, Math.max(0, at + by))];
    if (!next) return;
    this.list.finish();
    this.list.choose(next.id, extend ? "range" : "only");
    if (editing) this.list.edit(next.id);
    this.list.dispatchEvent(new CustomEvent("pick", { detail: { id: next.id, from: "key" } }));
  }

  /** What a cue still needs to be read, for the ear. */
  told() {
    const cue = this.list.cue;
    if (!cue) return "";
    const found = figures(cue, this.lane.rules);
    return `${found.speed.toFixed(1)} ${this.lane.rules.unit}`;
  }
}
