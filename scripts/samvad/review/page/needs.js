/** What needs a person, in order of gain: one list, with its choices on keys. */
import { byId, fill, h, say } from "./dom.js";
import { clock } from "./clock.js";
import { plain } from "./text.js";

const KINDS = {
  missing: "speech without text", lost: "lost words", perhaps: "perhaps speech", unsure: "unsure words", translation: "doubtful translation", name: "names", term: "terms",
  quarantine: "set aside", suspect: "suspect lines", song: "song edges", rule: "rules", objection: "objections", conflict: "changed in two places",
};
/** What can be done about each kind beside the server's own choices: action, label. @type {Record<string, [string, string][]>} */
const ACTIONS = {
  missing: [["recognise", "recognise again"], ["write", "write"], ["reject", "nothing is said"]],
  lost: [["write", "write"], ["accept", "it is right so"]],
  perhaps: [["recognise", "recognise again"], ["write", "write"], ["reject", "nothing is said"]],
  unsure: [["recognise", "recognise again"], ["edit", "edit"], ["accept", "it is right"]],
  translation: [["translate", "translate again"], ["edit", "edit"], ["accept", "it is right"]],
  name: [["edit", "edit"]],
  term: [["edit", "edit"], ["accept", "it is right"]],
  // Of these the server's choices are the decisions: to tick one off alone would change nothing in the film.
  quarantine: [],
  suspect: [],
  song: [],
  rule: [["mend", "mend"], ["edit", "edit"], ["accept", "leave it so"]],
  objection: [["edit", "edit"], ["accept", "leave it so"]],
  conflict: [["edit", "edit"], ["accept", "it is right so"]],
};
const MOST = 150;

/** Events: `go` (a need), `do` ({need, action, edit, label}). */
export class Needs extends EventTarget {
  constructor() {
    super();
    /** @type {any[]} */
    this.all = [];
    this.kind = "all";
    this.now = "";
    this.lane = "";
    byId("needs").addEventListener("keydown", (/** @type {any} */ event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[/** @type {"ArrowDown"|"ArrowUp"} */ (event.key)];
      if (step) { event.preventDefault(); event.stopPropagation(); this.step(step); this.#focus(); }
    });
  }

  /** @param {any[]} needs @param {string} lane */
  show(needs, lane) {
    if (needs === this.all && lane === this.lane) return;
    this.all = needs;
    this.lane = lane;
    this.draw();
  }

  /** What is open, of the lane that is worked on and of all. */
  get open() { return this.all.filter((need) => !need.done && (!need.lane || need.lane === this.lane)); }
  get listed() { return this.open.filter((need) => this.kind === "all" || need.kind === this.kind); }
  get current() { return this.listed.find((need) => need.id === this.now); }

  draw() {
    const open = this.open, count = (/** @type {string} */ kind) => open.filter((need) => need.kind === kind).length;
    const kinds = ["all", ...Object.keys(KINDS).filter(count)];
    if (!kinds.includes(this.kind)) this.kind = "all";
    fill(byId("kinds"), kinds.map((kind) => h("button", {
      role: "tab", type: "button", "aria-selected": String(kind === this.kind), "aria-controls": "panel", tabIndex: kind === this.kind ? 0 : -1,
      onclick: () => { this.kind = kind; this.draw(); },
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[/** @type {"ArrowRight"|"ArrowLeft"} */ (event.key)];
        if (!step) return;
        event.stopPropagation();
        event.preventDefault();
        this.kind = kinds[(kinds.indexOf(this.kind) + step + kinds.length) % kinds.length];
        this.draw();
        byId("kinds").querySelector("[aria-selected=true]").focus();
      },
    }, kind === "all" ? "all" : KINDS[/** @type {keyof typeof KINDS} */ (kind)], h("small", null, String(kind === "all" ? open.length : count(kind))))));
    const listed = this.listed;
    fill(byId("needs"), [
      listed.slice(0, MOST).map((need) => this.#row(need)),
      listed.length > MOST ? h("li.more", null, `and ${listed.length - MOST} more, when these are done`) : null,
      listed.length ? null : h("li.more", null, "Nothing here needs a person."),
    ]);
  }

  /** @param {any} need */
  #row(need) {
    const choices = this.choices(need), now = need.id === this.now;
    return h(now ? "li.need.now" : "li.need", { "data-need": need.id, "aria-current": now ? "true" : null },
      h("button.where", { type: "button", title: "go there and hear it", onclick: () => this.go(need) }, h("b", null, clock(need.start, 1)), h("span", null, KINDS[/** @type {keyof typeof KINDS} */ (need.kind)] || need.kind)),
      h("span.what", null, h("q", { dir: "auto" }, plain(need.text || "…")), need.reasons?.length ? h("small", { dir: "auto" }, need.reasons.join("; ")) : null),
      h("span.choices", null, choices.map((choice, n) => h("button", { type: "button", title: now && n < 9 ? `Ctrl+Alt+${n + 1}` : null, onclick: () => this.act(need, n) }, now && n < 9 ? h("kbd", null, String(n + 1)) : null, h("span", { dir: "auto" }, choice.label), choice.reasons ? h("small", null, choice.reasons.join("; ")) : null))));
  }

  /** The choices of a need: the server's, then what can always be done. @param {any} need @returns {{label: string, edit?: any, edits?: any[], action?: string, reasons?: string[]}[]} */
  choices(need) {
    const own = need.choices || [], covered = new Set(own.map((/** @type {any} */ choice) => choice.edit?.op));
    return [...own, ...(ACTIONS[need.kind] || []).filter(([action]) => !(["accept", "reject"].includes(action) && covered.has(action))).map(([action, label]) => ({ action, label }))];
  }

  /** @param {any} need @param {number} n */
  act(need, n) {
    const choice = this.choices(need)[n];
    if (!choice) return;
    this.now = need.id;
    this.dispatchEvent(new CustomEvent("do", { detail: { need, ...choice } }));
  }

  /** @param {any} need */
  go(need) {
    this.now = need.id;
    this.draw();
    byId("needs").querySelector(".now")?.scrollIntoView({ block: "nearest" });
    this.dispatchEvent(new CustomEvent("go", { detail: need }));
    say(`${KINDS[/** @type {keyof typeof KINDS} */ (need.kind)]}: ${need.text || ""}. ${(need.reasons || []).join("; ")}. ${this.choices(need).map((choice, k) => `${k + 1} ${choice.label}`).join(", ")}`);
  }

  /** Go to the next or the one before. @param {number} by */
  step(by) {
    const listed = this.listed;
    if (!listed.length) return say("nothing here needs a person");
    const at = listed.findIndex((need) => need.id === this.now);
    this.go(listed[at < 0 ? (by > 0 ? 0 : listed.length - 1) : (at + by + listed.length) % listed.length]);
  }

  #focus() { byId("needs").querySelector(".now .where")?.focus(); }
}
