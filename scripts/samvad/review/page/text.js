/** Text of cues: lines joined by line feeds, with <i>, <b> and <u> and no other markup. */

const TAG = /<(\/?)([ibu])>/gi;
const CLUSTERS = typeof Intl !== "undefined" && "Segmenter" in Intl ? new Intl.Segmenter(undefined, { granularity: "grapheme" }) : null;

/** @typedef {{text: string, i: boolean, b: boolean, u: boolean}} Piece */

/** Text without its markup. @param {string} text */
export const plain = (text) => text.replace(TAG, "");

/**
 * The lines that a viewer sees, as the subtitle files have them: no space at their ends, none of them empty.
 * @param {string} text
 */
export function shownLines(text) {
  const lines = plain(text).split("\n").map((line) => line.trim()).filter(Boolean);
  return lines.length ? lines : [""];
}

/** What a reader calls characters (Unicode Standard Annex 29). @param {string} text @returns {string[]} */
export const graphemes = (text) => (CLUSTERS ? Array.from(CLUSTERS.segment(text), (part) => part.segment) : [...text]);

/**
 * The nearest place between two graphemes at or before an index.
 * @param {string} text
 * @param {number} index in code units, as a text box counts
 */
export function betweenGraphemes(text, index) {
  let at = 0;
  for (const cluster of graphemes(text)) {
    if (at + cluster.length > index) return at;
    at += cluster.length;
  }
  return at;
}

/** Code points, which the profiles' figures count. @param {string} text */
export const codePoints = (text) => { let count = 0; for (const _ of text) count += 1; return count; };

/** @param {string} text @returns {string[]} */
export const wordsOf = (text) => text.split(/\s+/).filter(Boolean);

/**
 * A text as lines of pieces with their styles, for drawing.
 * @param {string} text
 * @returns {Piece[][]}
 */
export function pieces(text) {
  const style = { i: false, b: false, u: false };
  return text.split("\n").map((line) => {
    /** @type {Piece[]} */
    const made = [];
    let last = 0;
    for (const match of line.matchAll(TAG)) {
      if (match.index > last) made.push({ text: line.slice(last, match.index), ...style });
      style[/** @type {"i"|"b"|"u"} */ (match[2].toLowerCase())] = !match[1];
      last = match.index + match[0].length;
    }
    if (last < line.length) made.push({ text: line.slice(last), ...style });
    return made;
  });
}

/**
 * Put a tag around a part of a text, or around all of it, or take it away where it stands.
 * @param {string} text
 * @param {number} from
 * @param {number} to
 * @param {"i"|"b"|"u"} tag
 * @returns {{text: string, from: number, to: number}}
 */
export function toggleTag(text, from, to, tag) {
  const open = `<${tag}>`, close = `</${tag}>`;
  if (from === to) {
    const without = text.replaceAll(open, "").replaceAll(close, "");
    if (without !== text) return { text: without, from: Math.min(from, without.length), to: Math.min(from, without.length) };
    return { text: open + text + close, from: from + open.length, to: from + open.length };
  }
  const part = text.slice(from, to);
  if (part.startsWith(open) && part.endsWith(close)) {
    const bare = part.slice(open.length, -close.length);
    return { text: text.slice(0, from) + bare + text.slice(to), from, to: from + bare.length };
  }
  if (text.slice(0, from).endsWith(open) && text.slice(to).startsWith(close)) {
    const begin = from - open.length;
    return { text: text.slice(0, begin) + part + text.slice(to + close.length), from: begin, to: begin + part.length };
  }
  return { text: text.slice(0, from) + open + part + close + text.slice(to), from: from + open.length, to: to + open.length };
}

/** Give every line a dash of two speakers, or take them away. @param {string} text @param {string} dash */
export function toggleDash(text, dash) {
  const lines = text.split("\n"), mark = dash || "-";
  const all = lines.every((line) => plain(line).startsWith(mark));
  return lines.map((line) => (all ? line.replace(mark, "") : line.replace(/^((?:<[ibu]>)*)[-–—‐‑]?\s*/i, `$1${mark}`))).join("\n");
}

/** Put a song's marks around a text, or take them away. @param {string} text */
export function toggleSong(text) {
  const bare = text.replace(/^♪\s*/, "").replace(/\s*♪$/, "");
  return bare !== text ? bare : `♪ ${text} ♪`;
}

/**
 * Cut a text at a place; tags that are open there are closed and opened anew.
 * @param {string} text
 * @param {number} index
 * @returns {[string, string]}
 */
export function cutText(text, index) {
  let at = betweenGraphemes(text, index);
  for (const match of text.matchAll(TAG)) if (at > match.index && at < match.index + match[0].length) at = match.index + match[0].length;
  const head = text.slice(0, at), tail = text.slice(at), open = [];
  for (const match of head.matchAll(TAG)) {
    const tag = match[2].toLowerCase();
    if (!match[1]) open.push(tag);
    else open.splice(open.lastIndexOf(tag), 1);
  }
  const clean = (/** @type {string} */ part) => part.replace(/[ \t]+$/gm, "").replace(/^\s+|\s+$/g, "");
  return [
    clean(head) + open.map((tag) => `</${tag}>`).reverse().join(""),
    open.map((tag) => `<${tag}>`).join("") + clean(tail),
  ];
}

/** Whether a text says anything: a letter or a digit. @param {string} text */
export const hasWords = (text) => /[\p{L}\p{N}]/u.test(text);

/**
 * How far two words are apart, as changes of letters; more than `most` need not be exact.
 * @param {string} a
 * @param {string} b
 */
export function distance(a, b, most = 99) {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}
