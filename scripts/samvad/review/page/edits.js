/**
 * What an edit does to a lane, at once and without the server, which does the same and has the last word. Cues are never
 * changed: a changed cue is a new object, so that what is drawn can be compared by identity.
 */
import { check, isCheap } from "./rules.js";
import { cutText, plain, wordsOf } from "./text.js";

/** @typedef {import("./rules.js").Rules} Rules */
/** @typedef {import("./rules.js").Flag} Flag */
/** @typedef {[number, number, string, number]} Word start and end in ms, the word, how sure it is (0 to 1) */
/** @typedef {{id: string, rev: number, start: number, end: number, text: string, words: Word[], heard: boolean, segments: string[], said: string,
 *   sure: number|null, song: boolean, hand: boolean, flags: Flag[], why?: string, full?: string}} Cue */
/** @typedef {{id: string, language: string, name: string, dir: "ltr"|"rtl", source: boolean, approved: any, rules: Rules, headline: any, loud?: [number, number][], cues: Cue[]}} Lane */
/** @typedef {{op: string, lane?: string, cue?: string, [key: string]: any}} Edit */

const byStart = (/** @type {Cue} */ a, /** @type {Cue} */ b) => a.start - b.start || a.end - b.end;

/** Index of a cue in a lane, or -1. @param {Cue[]} cues @param {string|undefined} id */
export const indexOf = (cues, id) => cues.findIndex((cue) => cue.id === id);

/** Index of the last cue that begins at or before a time, or -1. @param {{start: number}[]} cues @param {number} ms */
export function lastBefore(cues, ms) {
  let low = 0, high = cues.length;
  while (low < high) { const middle = (low + high) >> 1; if (cues[middle].start <= ms) low = middle + 1; else high = middle; }
  return low - 1;
}

/**
 * A cue with changes, marked as made by hand.
 * @param {Cue} cue
 * @param {Partial<Cue>} changes
 * @returns {Cue}
 */
const changed = (cue, changes) => ({ ...cue, ...changes, hand: true });

/** @type {Record<string, (cues: Cue[], at: number, edit: Edit, lane: Lane) => void>} */
const OPS = {
  set_text(cues, at, edit) { cues[at] = changed(cues[at], { text: edit.text }); },
  set_times(cues, at, edit) { cues[at] = changed(cues[at], { start: edit.start, end: edit.end }); },
  split(cues, at, edit, lane) {
    const cue = cues[at], before = (/** @type {Word} */ word) => word[0] < edit.at;
    cues.splice(at, 1,
      changed(cue, { end: Math.max(cue.start + 1, edit.at - lane.rules.gap), text: edit.head, words: cue.words.filter(before) }),
      changed(cue, { id: edit.new, start: edit.at, text: edit.tail, words: cue.words.filter((word) => !before(word)) }));
  },
  merge(cues, at, edit) {
    const other = indexOf(cues, edit.with);
    if (other < 0) return;
    const cue = cues[at], next = cues[other];
    cues[at] = changed(cue, {
      end: Math.max(cue.end, next.end), text: joined(cue.text, next.text), words: [...cue.words, ...next.words],
      segments: [...new Set([...cue.segments, ...next.segments])], said: cue.said === next.said ? cue.said : `${cue.said} ${next.said}`.trim(),
    });
    cues.splice(other, 1);
  },
  delete(cues, at) { cues.splice(at, 1); },
  swap_lines(cues, at) { cues[at] = changed(cues[at], { text: cues[at].text.split("\n").reverse().join("\n") }); },
  extend(cues, at, edit, lane) {
    const cue = cues[at], next = cues[at + 1], before = cues[at - 1];
    if (edit.to === "next" && next) cues[at] = changed(cue, { end: Math.max(cue.start + 1, next.start - lane.rules.gap) });
    if (edit.to === "previous" && before) cues[at] = changed(cue, { start: Math.min(cue.end - 1, before.end + lane.rules.gap) });
  },
  move_word(cues, at, edit) {
    const cue = cues[at], other = cues[at + (edit.to === "next" ? 1 : -1)];
    const words = wordsOf(cue.text);
    if (!other || words.length < 2) return;
    if (edit.to === "next") {
      const cut = cue.text.trimEnd().search(/\s\S+$/);
      cues[at] = changed(cue, { text: cue.text.slice(0, cut).trimEnd() });
      cues[at + 1] = changed(other, { text: `${words[words.length - 1]} ${other.text}` });
    } else {
      cues[at] = changed(cue, { text: cue.text.trimStart().replace(/^\S+\s+/, "") });
      cues[at - 1] = changed(other, { text: `${other.text} ${words[0]}` });
    }
  },
};

/** Two cues' texts as one: two lines where both are short. @param {string} first @param {string} second */
export function joined(first, second) {
  if (!first.trim() || !second.trim()) return first.trim() || second.trim();
  const apart = first.includes("\n") || second.includes("\n") || plain(first).length + plain(second).length > 42;
  return (apart && !(first.includes("\n") && second.includes("\n")) ? `${first}\n${second}` : `${first} ${second}`).replace(/<\/([ibu])>(\s)<\1>/g, "$2");
}

/**
 * Move the times of cues: each start and end becomes `pivot + (time - pivot) * factor + ms`.
 * @param {Cue[]} cues
 * @param {string[]} ids
 */
function moved(cues, ids, ms = 0, factor = 1, pivot = 0) {
  const chosen = new Set(ids), at = (/** @type {number} */ time) => Math.max(0, Math.round(pivot + (time - pivot) * factor + ms));
  for (let n = 0; n < cues.length; n += 1) if (chosen.has(cues[n].id)) cues[n] = changed(cues[n], { start: at(cues[n].start), end: at(cues[n].end) });
}

/**
 * Apply edits to lanes. What only the server can do (line breaks, shots, mending, undo, decisions) changes nothing here.
 * @param {Map<string, Lane>} lanes
 * @param {Edit[]} edits
 * @returns {Map<string, Lane>} with new lanes where something changed
 */
export function applied(lanes, edits) {
  const made = new Map(lanes);
  for (const edit of edits) {
    const lane = made.get(edit.lane || "");
    if (!lane) continue;
    const cues = lane.cues.slice();
    if (edit.op === "insert") {
      cues.push({ id: edit.new, rev: 0, start: edit.start, end: edit.end, text: edit.text || "", words: [], heard: false, segments: [], said: "", sure: null, song: false, hand: true, flags: [] });
    } else if (edit.op === "shift") moved(cues, edit.cues, edit.ms);
    else if (edit.op === "stretch") moved(cues, edit.cues, 0, edit.factor, edit.pivot);
    else {
      const at = indexOf(cues, edit.cue);
      if (at < 0 || !OPS[edit.op]) continue;
      OPS[edit.op](cues, at, edit, lane);
    }
    cues.sort(byStart);
    made.set(lane.id, { ...lane, cues });
  }
  return made;
}

/**
 * Cues with what an answer of the server says of them.
 * @param {Lane} lane
 * @param {Cue[]} news
 * @param {string[]} removed
 * @returns {Lane}
 */
export function merged(lane, news, removed) {
  const gone = new Set(removed), fresh = new Map(news.map((cue) => [cue.id, cue]));
  const cues = [];
  for (const cue of lane.cues) {
    const now = fresh.get(cue.id);
    fresh.delete(cue.id);
    if (now) cues.push(now);
    else if (!gone.has(cue.id)) cues.push(cue);
  }
  cues.push(...fresh.values());
  return { ...lane, cues: cues.sort(byStart) };
}

/**
 * A cue's flags as they are now: the cheap rules looked at anew, the others as the server said.
 * @param {Cue} cue
 * @param {Lane} lane
 * @param {number} index
 * @returns {Flag[]}
 */
export const flagsOf = (cue, lane, index) =>
  [...check(cue, lane.cues[index - 1] || null, lane.cues[index + 1] || null, lane.rules), ...cue.flags.filter((flag) => !isCheap(flag))];

/**
 * Where a cue is to be cut so that its words keep their times.
 * @param {Cue} cue
 * @param {string} text what it says now
 * @param {number} index in the text, or -1 for its middle
 * @param {Lane} lane
 * @returns {{at: number, head: string, tail: string}|null} null where nothing is on one of the sides
 */
export function splitAt(cue, text, index, lane) {
  if (index <= 0 || index >= text.length) {
    const breakAt = text.indexOf("\n");
    const words = wordsOf(text);
    index = breakAt > 0 ? breakAt : text.indexOf(words[Math.ceil(words.length / 2)] || "", 1);
  }
  const [head, tail] = cutText(text, index);
  if (!plain(head).trim() || !plain(tail).trim()) return null;
  const before = wordsOf(plain(head)).length, all = before + wordsOf(plain(tail)).length;
  const known = lane.source && cue.words.length === all ? cue.words[before][0] : null;
  const share = plain(head).length / (plain(head).length + plain(tail).length);
  const gap = lane.rules.gap, guess = Math.round(cue.start + (cue.end - cue.start) * share);
  return { at: Math.min(cue.end - 1, Math.max(cue.start + gap + 1, known ?? guess)), head, tail };
}
