/** The page where a film is finished: puts the parts together. */
import { Acts } from "./acts.js";
import { at as addressOf, post } from "./api.js";
import { clock, percent } from "./clock.js";
import * as dialogs from "./dialogs.js";
import { FilmDocument } from "./document.js";
import { byId, fill, h, say } from "./dom.js";
import { indexOf, lastBefore } from "./edits.js";
import { Keys } from "./keys.js";
import { CueList } from "./list.js";
import { Needs } from "./needs.js";
import { Player } from "./player.js";
import { distance, plain } from "./text.js";
import { Wave } from "./wave.js";

const film = new FilmDocument(decodeURIComponent(location.pathname.split("/").pop() || ""));

try {
  await film.open();
} catch (error) {
  const found = /** @type {any} */ (error);
  byId("notice").hidden = false;
  byId("notice").textContent = `The film cannot be shown: ${found.message}. ${found.remedy || ""}`;
  throw error;
}

const about = film.about;
const list = new CueList(), player = new Player(about), wave = new Wave(about), needs = new Needs(), acts = new Acts(film, list, player);
const lanes = [...film.lanes.values()];
/** The lane that is edited, and the one beside it. */
let lane = (lanes.find((one) => !one.source) || lanes[0])?.id || "", beside = lanes.find((one) => one.id !== lane && one.source)?.id || lanes.find((one) => one.id !== lane)?.id || "";

/* What is shown of the document. */

const GRADE = (/** @type {number} */ share) => (share >= 0.95 ? "good" : share >= 0.85 ? "warn" : "bad");
/** The headline's figures: those of the report. @param {any} headline */
function figures(headline) {
  if (!headline) return [];
  if (!headline.cues) return [h("span.none", null, headline.told || "no cues")];
  return [["text", "coverage"], ["sure", "sure"], ["rules", "rules"]].filter(([, key]) => typeof headline[key] === "number").map(([label, key]) => h("span", { title: headline.told }, label, " ", h("b", { class: headline.grades?.[key] || GRADE(headline[key]) }, percent(headline[key])))).concat(headline.loud ? [h("span", { title: headline.told }, "other sound louder than speech ", h("b.none", null, headline.loud))] : []);
}

function show() {
  const now = film.lane(lane), side = film.lane(beside);
  list.show(now, side);
  list.refresh();
  wave.lane = now;
  wave.beside = side;
  wave.chosen = list.chosen;
  wave.loud = now?.loud || [];
  wave.missing = film.needs.filter((need) => ["missing", "perhaps", "lost"].includes(need.kind) && !need.done && (!need.lane || need.lane === lane)).map((need) => [need.start, need.end]);
  wave.draw();
  needs.show(film.needs, lane);
  player.shown = "";
  player.showCue(now);
  const open = needs.open.length;
  fill(byId("figures"), [...figures(now?.headline), h("span", null, h("b", { class: open ? "warn" : "good" }, String(open)), " to look at")]);
  byId("approve").textContent = now?.approved ? (now.approved.changed ? "approved, changed since" : `approved ✓`) : "Approve";
  byId("approve").title = now?.approved ? `by ${now.approved.by}, ${String(now.approved.at).slice(0, 10)}` : "say that this track is finished";
}

function choices() {
  const all = [...film.lanes.values()], option = (/** @type {any} */ one, /** @type {string} */ chosen) => h("option", { value: one.id, selected: one.id === chosen }, one.name);
  fill(byId("lane"), all.map((one) => option(one, lane)));
  fill(byId("beside"), [h("option", { value: "", selected: !beside }, "what was said"), all.filter((one) => one.id !== lane).map((one) => option(one, beside))]);
  byId("headtext").textContent = film.lane(lane)?.name || "";
  byId("headbeside").textContent = film.lane(beside)?.name || "what was said";
  byId("headspeed").textContent = film.lane(lane)?.rules.unit === "words/min" ? "wpm" : "cps";
}

/** @param {string} id @param {string} other */
function turn(id, other) {
  list.finish();
  const at = player.at;
  [lane, beside] = [id, other === id ? "" : other];
  list.now = "";
  list.chosen = new Set();
  choices();
  show();
  const cues = film.lane(lane)?.cues || [], near = cues[Math.max(0, lastBefore(cues, at))];
  if (near) list.choose(near.id);
  wave.chosen = list.chosen;
}

function state() {
  const box = byId("saved"), waiting = film.pending.length;
  const text = film.away ? `not saved: ${waiting} kept here` : waiting ? "saving…" : "saved ✓";
  if (box.textContent !== text) box.textContent = text;
  box.className = film.away ? "bad" : waiting ? "soft" : "good";
  const lost = film.away && !film.kept.works && waiting;
  notice(film.away ? `${film.away}${lost ? "; this browser keeps nothing, so leave the window open" : ""}.` : (film.about.problems || []).join(" "));
  byId("undo").disabled = !film.done.length && !waiting;
  byId("redo").disabled = !film.undone.length;
  document.title = `${waiting || film.away ? "• " : ""}${about.title} · Samvad`;
}

/** @param {string} text */
function notice(text) {
  byId("notice").hidden = !text;
  if (byId("notice").textContent !== text) byId("notice").textContent = text;
}

/* The film's own run. */

function run() {
  const found = film.about.run, goes = found && ["running", "waiting", "queued", "started"].includes(found.state);
  if (!found || found.state === "over") { if (!byId("runtext").textContent.startsWith("It ")) byId("run").hidden = true; byId("finish").disabled = false; return; }
  byId("run").hidden = false;
  byId("finish").disabled = Boolean(goes);
  const bar = byId("progress");
  if (typeof found.progress === "number") bar.value = found.progress; else if (goes) bar.removeAttribute("value");
  bar.hidden = !goes;
  byId("stop").hidden = !goes;
  const text = [found.state === "failed" ? "It failed." : found.state === "success" ? "It is in the film." : found.state === "waiting" ? "It waits." : "", found.stage, found.message === "done" ? "" : found.message].filter(Boolean).join(" · ");
  byId("runtext").textContent = text;
  byId("runtext").className = found.state === "failed" ? "bad" : goes ? "soft" : "good";
}

async function finish() {
  list.finish();
  while (film.pending.length && !film.away) await new Promise((done) => setTimeout(done, 30));
  if (film.away) return say("not yet: the server is away");
  if (document.querySelector("dialog[open]")) return say("not yet: a change of yours was not taken");
  try {
    const answer = await post(`${film.path}/run`, { what: "finish" });
    film.about.run = { state: "running", stage: "", message: "begins", ...answer };
  } catch (error) {
    const found = /** @type {any} */ (error);
    film.about.run = found.answer?.run || { state: "failed", message: `${found.message}. ${found.remedy}` };
  }
  run();
}

/* Where the person is. */

/** @param {string} id @param {boolean} seek */
function at(id, seek) {
  const cue = film.cue(lane, id);
  if (!cue) return;
  wave.chosen = list.chosen;
  if (seek && !player.playing) player.seek(cue.start);
  wave.reveal(cue.start, cue.end);
  wave.draw();
  list.tell();
}

list.addEventListener("pick", (/** @type {any} */ event) => at(event.detail.id, event.detail.from !== "time"));
list.addEventListener("save", (/** @type {any} */ { detail }) => film.edit([{ op: "set_text", ...detail }], `text of cue ${indexOf(film.lane(detail.lane)?.cues || [], detail.cue) + 1}`));
list.addEventListener("edit-times", (/** @type {any} */ event) => { list.choose(event.detail); dialogs.times(acts, player.rate); });
player.addEventListener("time", () => {
  wave.moment(player.at, player.playing);
  const now = film.lane(lane);
  player.showCue(now);
  const found = now?.cues[lastBefore(now.cues, player.at)], id = found && found.end > player.at ? found.id : "";
  if (id === list.playing) return;
  list.playing = id;
  if (player.playing && id && !list.editing) list.reveal(id);
  list.draw();
});
wave.addEventListener("seek", (/** @type {any} */ event) => player.seek(event.detail));
wave.addEventListener("pick", (/** @type {any} */ event) => { if (!list.chosen.has(event.detail)) list.choose(event.detail); wave.chosen = list.chosen; list.tell(); });
wave.addEventListener("times", (/** @type {any} */ event) => acts.times(event.detail.cue, event.detail.start, event.detail.end));
wave.addEventListener("create", (/** @type {any} */ event) => { acts.insert(event.detail.start, event.detail.end); wave.chosen = list.chosen; });
wave.addEventListener("preview", (/** @type {any} */ event) => { list.preview = event.detail; list.draw(); });
wave.addEventListener("in", (/** @type {any} */ event) => acts.edge("start", event.detail));
wave.addEventListener("out", (/** @type {any} */ event) => acts.edge("end", event.detail));
wave.addEventListener("ripple", (/** @type {any} */ event) => acts.edge("start", event.detail, true));
wave.addEventListener("play", (/** @type {any} */ event) => { const cues = film.lane(lane)?.cues || [], cue = cues[lastBefore(cues, event.detail)]; if (cue && cue.end > event.detail) player.play(cue.start, cue.end); else player.play(event.detail, player.duration); });

needs.addEventListener("go", (/** @type {any} */ { detail: need }) => {
  if (need.cue && film.cue(lane, need.cue)) list.choose(need.cue);
  else { const cues = film.lane(lane)?.cues || [], near = cues[Math.max(0, lastBefore(cues, need.start))]; if (near) list.choose(near.id); }
  wave.chosen = list.chosen;
  wave.reveal(need.start, need.end);
  player.play(need.start - 150, need.end + 150);
});
needs.addEventListener("do", async (/** @type {any} */ { detail }) => {
  const { need, action, label } = detail, edits = detail.edits || (detail.edit ? [detail.edit] : null);
  const after = needs.listed[needs.listed.findIndex((one) => one.id === need.id) + 1]?.id;
  if (edits) film.edit(edits, label);
  else if (action === "accept" || action === "reject") film.edit([{ op: action, need: need.id }], `${label}: ${need.text || clock(need.start)}`);
  else if (action === "recognise" || action === "translate") return dialogs.again(acts, action, need.start, need.end);
  else if (action === "mend") return dialogs.mend(acts, need.start, need.end);
  else if (action === "write") return acts.insert(need.start, need.end);
  else if (action === "edit" && need.cue) return list.edit(need.cue);
  // What was decided is done at once in the list; the server's answer says the same, or brings it back.
  film.needs = film.needs.map((one) => (one.id === need.id ? { ...one, done: true } : one));
  show();
  needs.now = after || "";
  needs.draw();
});

let offered = "";
film.addEventListener("change", () => {
  const now = [...film.lanes.keys()].join();
  if (now !== offered) { offered = now; choices(); }
  show();
});
film.addEventListener("state", state);
film.addEventListener("run", run);
film.addEventListener("presence", (/** @type {any} */ event) => {
  const others = event.detail.windows - 1;
  byId("others").textContent = others > 0 ? `+${others} window${others === 1 ? "" : "s"}` : "";
  byId("others").title = "how many more have this film open";
});
film.addEventListener("copy", (/** @type {any} */ event) => player.copy(event.detail));
film.addEventListener("conflict", (/** @type {any} */ event) => dialogs.conflict(film, event.detail));
film.addEventListener("refused", (/** @type {any} */ event) => dialogs.refused(event.detail));
film.addEventListener("others", (/** @type {any} */ event) => say(`${event.detail.by || "another window"} changed: ${event.detail.label || event.detail.log?.label || "something"}`));

/* Keys, buttons. */

let range = () => { const chosen = list.cues; return chosen.length ? [chosen[0].start, chosen[chosen.length - 1].end] : [player.at, player.at + 4000]; };
const search = (/** @type {number} */ by) => {
  const cues = film.lane(lane)?.cues || [], needle = list.find.toLocaleLowerCase();
  if (!needle) return byId("find").focus();
  const hits = (/** @type {any} */ cue) => plain(cue.text).toLocaleLowerCase().includes(needle);
  const all = cues.filter(hits);
  byId("found").textContent = `${all.length} found`;
  for (let n = 1; n <= cues.length; n += 1) {
    const cue = cues[(list.at + by * n + cues.length * 2) % cues.length];
    if (hits(cue)) { list.choose(cue.id); return at(cue.id, true); }
  }
};
const spectrum = () => { wave.kind = wave.kind === "wave" ? "spectrum" : "wave"; byId("spectrum").textContent = wave.kind === "wave" ? "spectrogram" : "waveform"; wave.draw(); };
const step = (/** @type {"undo"|"redo"} */ way) => async () => { list.save(); const what = await film[way](); say(what ? `${way === "undo" ? "taken back" : "brought back"}: ${what}` : `nothing to ${way}`); };

const does = /** @type {Record<string, (event: KeyboardEvent) => void>} */ ({
  play: () => player.toggle(), playCue: () => { const [start, end] = range(); player.play(start, end); }, loop: () => { player.loop = byId("loop").checked = true; does.playCue(/** @type {any} */ (null)); },
  back1: () => player.seek(player.at - 1000), on1: () => player.seek(player.at + 1000), back05: () => player.seek(player.at - 500), on05: () => player.seek(player.at + 500),
  frameBack: () => player.step(-1), frameOn: () => player.step(1), slower: () => player.speed(Math.max(0.5, player.video.playbackRate - 0.25)), faster: () => player.speed(Math.min(2, player.video.playbackRate + 0.25)),
  up: () => acts.move(-1), down: () => acts.move(1), extendUp: () => acts.move(-1, true), extendDown: () => acts.move(1, true), pageUp: () => acts.move(-8), pageDown: () => acts.move(8), top: () => acts.move(-1e6), bottom: () => acts.move(1e6),
  chooseAll: () => { list.chosen = new Set(acts.lane.cues.map((cue) => cue.id)); wave.chosen = list.chosen; list.draw(); wave.draw(); say(`${list.chosen.size} cues are chosen`); },
  edit: () => { if (list.cue) list.edit(list.cue.id); else acts.move(1); }, leave: () => list.finish(),
  editNext: () => { const next = acts.lane.cues[list.at + (list.editing ? 1 : 0)]; list.finish(); if (next) { list.choose(next.id); at(next.id, true); list.edit(next.id); } },
  editTimes: () => dialogs.times(acts, player.rate), inHere: () => acts.edge("start", player.at), outHere: () => acts.edge("end", player.at),
  split: () => acts.split(), merge: () => acts.merge(), insertAfter: () => acts.insertBeside(1), insertBefore: () => acts.insertBeside(-1), remove: () => acts.remove(), wordOn: () => acts.word(1), wordBack: () => acts.word(-1),
  swap: () => acts.swap(), breakLines: () => acts.breakLines(), italics: () => acts.italics(), dash: () => acts.dash(), song: () => acts.song(), toNext: () => acts.extend("next"), toPrevious: () => acts.extend("previous"),
  snap: () => acts.snap(), shift: () => dialogs.shift(acts), mend: () => { const [start, end] = range(); dialogs.mend(acts, start, end); },
  secondReading: () => dialogs.secondReading(acts),
  shorten: () => { const [start, end] = range(); dialogs.shorten(acts, start, end); },
  again: () => { const [start, end] = range(); dialogs.again(acts, "recognise", start, end); }, translate: () => { const [start, end] = range(); dialogs.again(acts, "translate", start, end); },
  spellings: () => dialogs.spellings(acts, distance), nextNeed: () => needs.step(1), lastNeed: () => needs.step(-1), goTo: () => dialogs.goTo(acts),
  find: () => { byId("findbar").hidden = false; byId("find").focus(); byId("find").select(); }, findNext: () => search(1), findLast: () => search(-1), replace: () => dialogs.replace(acts, list.find),
  undo: step("undo"), redo: step("redo"), save: () => { list.save(); film.flush(); }, history: () => dialogs.history(film), lanes: () => { if (beside) turn(beside, lane); }, spectrum,
  zoomIn: () => wave.zoom(1 / 1.4), zoomOut: () => wave.zoom(1.4), keys: () => keys.sheet(),
  addLane: () => dialogs.addLane(acts),
});
const keys = new Keys(does, (n) => { const need = needs.current; if (need) needs.act(need, n); });
keys.textIsSaved = (/** @type {HTMLElement} */ target) => list.editing?.box === target && list.editing.box.value === list.editing.was;

for (const [id, action] of Object.entries({ undo: "undo", redo: "redo", play: "play", back: "frameBack", on: "frameOn", next: "nextNeed", spectrum: "spectrum", zoomin: "zoomIn", zoomout: "zoomOut", findnext: "findNext", findlast: "findLast", replace: "replace" })) byId(id).onclick = does[action];
byId("approve").onclick = () => dialogs.approve(acts);
byId("finish").onclick = finish;
byId("stop").onclick = () => post(`${film.path}/stop`).catch((error) => notice(`${error.message}. ${error.remedy || ""}`));
byId("speed").onchange = () => player.speed(Number(byId("speed").value));
byId("loop").onchange = () => { player.loop = byId("loop").checked; };
byId("lane").onchange = () => turn(byId("lane").value, beside === byId("lane").value ? lane : beside);
byId("beside").onchange = () => turn(lane, byId("beside").value);
byId("find").oninput = () => { list.find = byId("find").value; list.draw(); const all = (film.lane(lane)?.cues || []).filter((cue) => plain(cue.text).toLocaleLowerCase().includes(list.find.toLocaleLowerCase())); byId("found").textContent = list.find ? `${all.length} found` : ""; };
byId("find").onkeydown = (/** @type {KeyboardEvent} */ event) => { if (event.key === "Enter") search(event.shiftKey ? -1 : 1); if (event.key === "Escape") byId("findclose").click(); };
byId("findclose").onclick = () => { byId("findbar").hidden = true; list.find = ""; list.draw(); list.box.focus(); };

const MENU = [["history", "What was changed…"], ["find", "Find"], ["replace", "Replace…"], ["shift", "Shift, stretch, snap…"], ["mend", "Mend the chosen by the rules…"], ["shorten", "Shorten the chosen…"], ["secondReading", "Second reading…"], ["again", "Recognise again…"], ["translate", "Translate again…"], ["split", "Split"], ["merge", "Merge"], ["insertAfter", "Cue after"], ["remove", "Delete"], ["addLane", "Add a track…"], ["keys", "Keys"]];
byId("more").onclick = () => {
  const menu = byId("menu"), open = menu.hidden, key = (/** @type {string} */ action) => keys.table.find((row) => row.action === action)?.key || "";
  menu.hidden = !open;
  byId("more").setAttribute("aria-expanded", String(open));
  if (!open) return;
  fill(menu, [...MENU.map(([action, label]) => h("button", { type: "button", role: "menuitem", onclick: () => { menu.hidden = true; byId("more").setAttribute("aria-expanded", "false"); byId("more").focus(); does[action](/** @type {any} */ (null)); } }, label, h("kbd", null, key(action)))),
    about.report ? h("a", { href: addressOf(about.report), role: "menuitem" }, "Report") : null, about.runReport ? h("a", { href: addressOf(about.runReport), role: "menuitem" }, "Run, stage by stage") : null, h("a", { href: addressOf("/"), role: "menuitem" }, "All films")]);
  menu.querySelector("button").focus();
};
byId("menu").onkeydown = (/** @type {KeyboardEvent} */ event) => {
  const items = [...byId("menu").children], step_ = { ArrowDown: 1, ArrowUp: -1 }[/** @type {"ArrowDown"|"ArrowUp"} */ (event.key)];
  event.stopPropagation();
  if (event.key === "Escape") { byId("menu").hidden = true; byId("more").setAttribute("aria-expanded", "false"); byId("more").focus(); }
  if (step_) { event.preventDefault(); items[(items.indexOf(document.activeElement) + step_ + items.length) % items.length].focus(); }
};
document.addEventListener("pointerdown", (event) => { if (!byId("menu").hidden && !/** @type {HTMLElement} */ (event.target).closest("#menu, #more")) { byId("menu").hidden = true; byId("more").setAttribute("aria-expanded", "false"); } });
addEventListener("pagehide", () => list.save());
document.addEventListener("visibilitychange", () => { if (document.hidden) list.save(); });
addEventListener("beforeunload", (event) => { list.save(); if (film.pending.length && !film.kept.works) event.preventDefault(); });

fill(byId("title"), [about.title, about.year ? h("small", null, ` (${about.year})`) : null]);
byId("title").title = about.title;
choices();
show();
state();
run();
const first = film.lane(lane)?.cues[0];
if (first) { list.choose(first.id); wave.chosen = list.chosen; player.seek(first.start); wave.reveal(first.start, first.end); }
list.box.focus({ preventScroll: true });
document.documentElement.dataset.ready = "1";
