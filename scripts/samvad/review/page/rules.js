/**
 * The rules that cost nothing to look at, for each keystroke: the same answers as `samvad check` (scripts/samvad/stages/
 * subtitle_gen/checking.py), which a test holds them to. Shots, first words and line breaks come from the server.
 */
import { codePoints, hasWords, pieces, shownLines, wordsOf } from "./text.js";

/** @typedef {{language: string, limit: number|null, unit: string, shortest: number, longest: number, width: number, lines: number, gap: number,
 *   closeGap: number, oneLine: boolean, dash: string, ellipsis: string, italics: boolean, songs: string, songMark: string,
 *   hearingImpaired: boolean, shotWindow: number, shotGap: number, levels: Record<string, string>}} Rules */
/** @typedef {{start: number, end: number, text: string}} Timed */
/** @typedef {[string, string, string]} Flag a rule's name, its level, what is wrong */

/** Times in files are whole milliseconds, frames are not. */
const ROUNDING = 10;
const DASHES = "-–—‐‑";
const MARKS = ["♪", "♫", "#"];
/** The rules that are looked at here. */
export const CHEAP = ["order", "overlap", "empty", "line length", "lines", "one line", "shortest", "longest", "gap", "gap to close", "reading speed", "two speakers", "ellipsis", "italics", "songs", "characters"];
const CHEAP_SET = new Set(CHEAP);
/** @param {Flag} flag */
export const isCheap = (flag) => CHEAP_SET.has(flag[0]);

/**
 * The figures of a cue: its characters, words, and reading speed in the profile's unit.
 * @param {Timed} cue
 * @param {Rules} rules
 */
export function figures(cue, rules) {
  const lines = shownLines(cue.text), text = lines.join(" ");
  const characters = codePoints(text), words = wordsOf(text).length, duration = cue.end - cue.start;
  const byWords = rules.unit === "words/min";
  const speed = byWords ? (words * 60000) / Math.max(1, duration) : (characters * 1000) / Math.max(1, duration);
  const needed = !rules.limit ? 0 : byWords ? Math.ceil((words * 60000) / rules.limit) : Math.ceil((characters * 1000) / rules.limit);
  return { lines, text, characters, words, duration, speed, needed, widths: lines.map(codePoints) };
}

/**
 * What a cue breaks of the cheap rules.
 * @param {Timed} cue
 * @param {Timed|null} before
 * @param {Timed|null} following
 * @param {Rules} rules
 * @returns {Flag[]}
 */
export function check(cue, before, following, rules) {
  /** @type {Flag[]} */
  const found = [];
  const add = (/** @type {string} */ rule, /** @type {string} */ message) => { found.push([rule, rules.levels[rule] || "error", message]); };
  if (cue.end <= cue.start) add("order", "the cue goes before it comes");
  if (before && cue.start < before.start) add("order", "the cue comes before the one that is written before it");
  else if (before && cue.start < before.end) add("overlap", "the cue before is still there");
  const { lines, text, characters, duration, speed, needed, widths } = figures(cue, rules);
  if (!isShown(text, rules)) {
    add("empty", text ? `“${text}” has no letter or digit` : "the cue has no text");
    return found;
  }
  checkLines(lines, characters, widths, rules, add);
  checkTimes(duration, needed, speed, rules, add);
  if (following && following.start >= cue.end) {
    const gap = following.start - cue.end;
    if (gap < rules.gap - ROUNDING) add("gap", `${gap} ms to the next cue`);
    else if (rules.gap + ROUNDING < gap && gap < rules.closeGap - ROUNDING) add("gap to close", `${gap} ms to the next cue flicker`);
  }
  checkStyle(cue.text, lines, text, rules, add);
  return found;
}

/** @param {string} text @param {Rules} rules */
function isShown(text, rules) {
  const mark = rules.hearingImpaired ? rules.songMark : "";
  return hasWords(text) || (Boolean(mark) && text.includes(mark) && ![...text].some((sign) => sign !== " " && !mark.includes(sign)));
}

/** @typedef {(rule: string, message: string) => void} Add */
/** @param {string[]} lines @param {number} characters @param {number[]} widths @param {Rules} rules @param {Add} add */
function checkLines(lines, characters, widths, rules, add) {
  const longest = Math.max(...widths);
  if (longest > rules.width) add("line length", `a line has ${longest} characters, ${longest - rules.width} too many`);
  if (lines.length > rules.lines) add("lines", `${lines.length} lines`);
  const two = lines.length > 1 && lines.every((line) => DASHES.includes(line[0]));
  const sung = rules.songMark && lines.some((line) => line.includes(rules.songMark));
  if (rules.oneLine && lines.length > 1 && characters <= rules.width && !two && !sung) add("one line", "the text fits in one line");
}

/** @param {number} duration @param {number} needed @param {number} speed @param {Rules} rules @param {Add} add */
function checkTimes(duration, needed, speed, rules, add) {
  if (duration < rules.shortest - ROUNDING) add("shortest", `shown for ${(duration / 1000).toFixed(2)} s`);
  if (duration > rules.longest + ROUNDING) add("longest", `shown for ${(duration / 1000).toFixed(2)} s`);
  if (duration + ROUNDING < needed) add("reading speed", `${speed.toFixed(1)} ${rules.unit}; ${needed - duration} ms more are needed`);
}

/** @param {string} marked @param {string[]} lines @param {string} text @param {Rules} rules @param {Add} add */
function checkStyle(marked, lines, text, rules, add) {
  if (rules.dash && lines.filter((line) => DASHES.includes(line[0])).length >= 2) {
    for (const line of lines) {
      const bare = line.replace(/^[-–—‐‑]+/, "").trimStart();
      if (line.slice(0, line.length - bare.length) !== rules.dash) add("two speakers", `the line “${line}” does not begin with “${rules.dash}”`);
    }
  }
  const other = rules.ellipsis !== "..." ? "..." : "…";
  if (text.includes(other)) add("ellipsis", `an ellipsis is written “${other}”`);
  if (!rules.italics && pieces(marked).some((line) => line.some((piece) => piece.i && piece.text.trim()))) add("italics", "the profile has no italics in this language");
  for (const mark of MARKS) {
    if ((lines[0].startsWith(mark) || lines[lines.length - 1].endsWith(mark)) && mark !== rules.songMark) {
      add("songs", `a song stands between “${mark}”, and is to be marked by “${rules.songMark || rules.songs}”`);
      break;
    }
  }
  for (const line of lines) {
    if (line.includes("  ")) add("characters", `the line “${line}” has two spaces in a row`);
    if (line.includes("\ufffd")) add("characters", `the line “${line}” has a character that was lost (U+FFFD)`);
    if (/\p{Cc}/u.test(line)) add("characters", `the line “${line}” has a control character`);
  }
}

/** The worst level among flags: error, warning, note, or nothing. @param {Flag[]} flags */
export function worst(flags) {
  for (const level of ["error", "warning", "note"]) if (flags.some((flag) => flag[1] === level)) return level;
  return "";
}
