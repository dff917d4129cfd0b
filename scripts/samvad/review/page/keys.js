/** Keys: Subtitle Edit's where it has one; a person's own are kept in the browser. */
import { fill, h, openDialog, say } from "./dom.js";

/** Where a key works: everywhere (`all`), in the list, wave and needs (`list`), in the text box alone (`text`). */
/** @type {[string, string, "all"|"list"|"text", string][]} action, key, where, what it does */
export const ACTIONS = [
  ["play", "Space", "list", "play, pause"], ["play", "Ctrl+Space", "all", "play, pause, in the text too"],
  ["playCue", "F5", "all", "play the cue"], ["loop", "Shift+F5", "all", "play the cue again and again"],
  ["back1", "Left", "list", "1 s back"], ["on1", "Right", "list", "1 s on"],
  ["back05", "Alt+Left", "all", "½ s back"], ["on05", "Alt+Right", "all", "½ s on"],
  ["frameBack", ",", "list", "a frame back"], ["frameOn", ".", "list", "a frame on"],
  ["slower", "Ctrl+Alt+,", "all", "slower"], ["faster", "Ctrl+Alt+.", "all", "faster"],
  ["up", "Up", "list", "cue before"], ["down", "Down", "list", "cue after"], ["up", "Alt+Up", "all", "cue before"], ["down", "Alt+Down", "all", "cue after"],
  ["extendUp", "Shift+Up", "list", "choose the cue before too"], ["extendDown", "Shift+Down", "list", "choose the cue after too"],
  ["pageUp", "PageUp", "list", "a page up"], ["pageDown", "PageDown", "list", "a page down"],
  ["top", "Home", "list", "first cue"], ["bottom", "End", "list", "last cue"], ["chooseAll", "Ctrl+A", "list", "choose all cues"],
  ["edit", "Enter", "list", "edit the text"], ["editNext", "Ctrl+Enter", "all", "done, and edit the next"], ["leave", "Escape", "text", "done"],
  ["editTimes", "Ctrl+T", "all", "type the times"], ["editTimes", "F4", "all", "type the times"],
  ["inHere", "F11", "all", "in-time at the playhead"], ["outHere", "F12", "all", "out-time at the playhead"],
  ["inHere", "[", "list", "in-time at the playhead"], ["outHere", "]", "list", "out-time at the playhead"],
  ["split", "Ctrl+Alt+V", "all", "split at the cursor"], ["merge", "Ctrl+Shift+M", "all", "merge with the next, or the chosen"],
  ["insertAfter", "Alt+Insert", "all", "cue after"], ["insertBefore", "Ctrl+Shift+Insert", "all", "cue before"], ["remove", "Delete", "list", "delete the chosen"],
  ["wordOn", "Ctrl+Down", "text", "last word to the next line or cue"], ["wordBack", "Ctrl+Up", "text", "first word to the line or cue before"],
  ["swap", "Ctrl+Alt+S", "all", "swap the lines"], ["breakLines", "Ctrl+Alt+B", "all", "break the lines anew"],
  ["italics", "Ctrl+I", "all", "italics"], ["dash", "Ctrl+Alt+D", "all", "dashes of two speakers"], ["song", "Ctrl+Alt+M", "all", "♪ a song's marks ♪"],
  ["toNext", "Ctrl+Shift+E", "all", "extend to the next cue"], ["toPrevious", "Alt+Shift+E", "all", "extend to the cue before"],
  ["snap", "Ctrl+Alt+N", "all", "draw the chosen to shots"], ["shift", "Ctrl+Shift+A", "all", "shift or stretch the chosen"], ["mend", "Ctrl+Alt+E", "all", "mend the chosen by the rules"],
  ["shorten", "Ctrl+Alt+K", "all", "shorten the chosen"],
  ["again", "Ctrl+Alt+R", "all", "recognise again"], ["translate", "Ctrl+Alt+T", "all", "translate again"], ["spellings", "Ctrl+.", "text", "other spellings: cast and glossary"],
  ["nextNeed", "F8", "all", "next that needs a person"], ["lastNeed", "Shift+F8", "all", "the one before"], ["choice", "Ctrl+Alt+1…9", "all", "take its choice 1…9"],
  ["goTo", "Ctrl+G", "all", "go to a number or a time"], ["find", "Ctrl+F", "all", "find"], ["findNext", "F3", "all", "find the next"], ["findLast", "Shift+F3", "all", "find the one before"], ["replace", "Ctrl+H", "all", "replace"],
  ["undo", "Ctrl+Z", "all", "undo"], ["redo", "Ctrl+Y", "all", "redo"], ["redo", "Ctrl+Shift+Z", "all", "redo"], ["save", "Ctrl+S", "all", "save now (it saves by itself)"],
  ["history", "Ctrl+Alt+H", "all", "what was changed, and by whom"], ["lanes", "Ctrl+Alt+L", "all", "exchange the two languages"], ["spectrum", "Ctrl+Alt+W", "all", "waveform or spectrogram"],
  ["zoomIn", "+", "list", "nearer"], ["zoomOut", "-", "list", "farther"], ["keys", "?", "list", "this sheet"], ["keys", "F1", "all", "this sheet"],
];

const NAMES = /** @type {Record<string, string>} */ ({ ArrowLeft: "Left", ArrowRight: "Right", ArrowUp: "Up", ArrowDown: "Down", " ": "Space" });

/** The name of a pressed key, as the table writes it. @param {KeyboardEvent} event */
export function nameOf(event) {
  let key = NAMES[event.key] || event.key;
  // With Ctrl+Alt the keyboard may make other letters (and with Shift, capitals): then the key's place says which it is.
  if (/^Key[A-Z]$/.test(event.code) && (event.ctrlKey || event.altKey)) key = event.code.slice(3);
  if (/^Digit\d$/.test(event.code) && event.ctrlKey) key = event.code.slice(5);
  if (key.length === 1) key = key.toUpperCase();
  const printed = key.length === 1 && !/[A-Z0-9]/.test(key);
  return (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + (event.altKey ? "Alt+" : "") + (event.shiftKey && !(printed && !event.ctrlKey) ? "Shift+" : "") + key;
}

const STORED = "samvad-keys";
/** @returns {Record<string, string>} what a person changed: the key by action and number */
function own() { try { return JSON.parse(localStorage.getItem(STORED) || "{}"); } catch { return kept; } }
/** Where a browser keeps nothing, a change lasts as long as the page. @type {Record<string, string>} */
let kept = {};
/** @param {Record<string, string>} changed */
function keep(changed) {
  kept = changed;
  try { localStorage.setItem(STORED, JSON.stringify(changed)); } catch { say("this browser keeps nothing: the key is changed until the page is closed"); }
}

export class Keys {
  /** @param {Record<string, (event: KeyboardEvent) => void>} acts by action @param {(n: number) => void} choose */
  constructor(acts, choose) {
    this.acts = acts;
    this.choose = choose;
    /** whether a text box holds nothing that is not handed over: only then is undo the document's @type {(box: HTMLElement) => boolean} */
    this.textIsSaved = () => false;
    /** @type {{action: string, key: string, where: string, what: string, n: number}[]} */
    this.table = [];
    /** @type {Map<string, string>} */
    this.by = new Map();
    this.#read();
    document.addEventListener("keydown", (event) => this.#pressed(event));
  }

  #read() {
    const changed = own();
    this.table = ACTIONS.map(([action, key, where, what], n) => ({ action, key: changed[`${action}.${n}`] || key, where, what, n }));
    this.by = new Map(this.table.map((row) => [`${row.where}:${row.key}`, row.action]));
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.isComposing || target.closest("dialog")) return;
    const typing = target.matches("textarea"), field = target.matches("input, select"), button = target.matches("button, summary, a, video");
    const name = nameOf(event), digit = /^Ctrl\+Alt\+([1-9])$/.exec(name);
    if (digit) { event.preventDefault(); return this.choose(Number(digit[1]) - 1); }
    let action = this.by.get(`all:${name}`) || (typing ? this.by.get(`text:${name}`) : undefined);
    if (!action && !typing && !field && !(button && ["Space", "Enter"].includes(name))) action = this.by.get(`list:${name}`);
    if (!action || !this.acts[action] || (typing || field) && /^Ctrl\+[ZY]$|^Ctrl\+Shift\+Z$/.test(name) && !this.textIsSaved(target)) return;
    event.preventDefault();
    this.acts[action](event);
  }

  /** The sheet of all keys; each can be changed. */
  sheet() {
    const rows = () => [...new Set(this.table.map((row) => row.action))].map((action) => {
      const all = this.table.filter((row) => row.action === action);
      return h("li", null, h("span.way", null, all.map((row) => h("button.key", { type: "button", title: "press to change", "aria-label": `${row.what}: ${row.key}, change`, onclick: (/** @type {any} */ event) => this.#change(row, event.currentTarget) }, row.key))), h("span", null, all[0].what));
    });
    const list = h("ul.keys", null, rows());
    openDialog("Keys", [list, h("p.soft", null, "In the waveform: drag an edge, the cue, or empty ground; Shift+click in-time, Ctrl+click out-time, Ctrl+Shift+click in-time and all after it; double click plays; the wheel scrolls, Alt+wheel zooms time, Shift+wheel height. Alt held while dragging: no drawing to shots.")], [
      { label: "As they were", act: () => { keep({}); this.#read(); fill(list, rows()); return false; } }, { label: "Close", main: true },
    ], { wide: true });
  }

  /** @param {any} row @param {any} button */
  #change(row, button) {
    button.textContent = "press a key…";
    const listen = (/** @type {KeyboardEvent} */ event) => {
      if (["Control", "Alt", "Shift", "Meta"].includes(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      removeEventListener("keydown", listen, true);
      const name = nameOf(event), taken = this.table.find((other) => other !== row && other.key === name && (other.where === row.where || other.where === "all" || row.where === "all"));
      if (taken) { button.textContent = `${name} is for: ${taken.what}`; return; }
      if (event.key !== "Escape") keep({ ...own(), [`${row.action}.${row.n}`]: name });
      this.#read();
      button.textContent = this.table[row.n].key;
    };
    addEventListener("keydown", listen, true);
  }
}
