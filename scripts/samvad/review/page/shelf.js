/** All films: a table of any length, which the server keeps up to date. */
import { at, get, post } from "./api.js";
import { percent } from "./clock.js";
import { byId, eachFrame, fill, h, say } from "./dom.js";
import { replaceInAll } from "./replacing.js";

/** @typedef {{id: string, title: string, year: number|null, state: string, stage: string, progress: number|null, source: string[], targets: string[], coverage: number|null, sure: number|null,
 *   rules: number|null, needs: number|null, seconds: number, reason: string|null, next: string|null, page: boolean, approved: {language: string, by: string, at: string}[], report: string|null, runReport: string|null}} Film */

/** @type {Film[]} */
let films = [];
/** @type {Film[]} */
let shown = [];
const view = { state: "all", search: "", order: "needs", down: true };
const GRADE = (/** @type {number|null} */ share) => (share === null ? "none" : share >= 0.95 ? "good" : share >= 0.85 ? "warn" : "bad");
const STATES = /** @type {Record<string, (film: Film) => boolean>} */ ({
  all: () => true, running: (film) => film.state === "running", "to look at": (film) => Boolean(film.needs) && film.state !== "running",
  failed: (film) => film.state === "failed", approved: (film) => film.approved.length > 0, waiting: (film) => !["running", "failed", "done", "success"].includes(film.state),
});
const spent = (/** @type {number} */ seconds) => (!seconds ? "" : seconds >= 3600 ? `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min` : seconds >= 60 ? `${Math.floor(seconds / 60)} min` : `${Math.round(seconds)} s`);
/** key, its heading, its class, and by what it is sorted. @type {[string, string, string, (film: Film) => any][]} */
const COLUMNS = [
  ["title", "film", "name", (film) => film.title.toLocaleLowerCase()], ["state", "state", "state", (film) => film.state + (film.stage || "")], ["langs", "languages", "langs", (film) => film.source.join() + film.targets.join()],
  ["coverage", "text", "share", (film) => film.coverage], ["sure", "sure", "share", (film) => film.sure], ["rules", "rules", "share", (film) => film.rules],
  ["needs", "to look at", "count", (film) => film.needs], ["seconds", "time", "count time", (film) => film.seconds], ["reason", "why it failed, what to do", "why", (film) => film.reason], ["does", "", "does", () => 0],
];

/** @param {Film} film */
const address = (film) => at(`/film/${encodeURIComponent(film.id)}`);

/** @param {Film} film @param {string} what */
async function act(film, what) {
  try {
    await post(`/api/films/${encodeURIComponent(film.id)}/${what === "stop" ? "stop" : "run"}`, what === "stop" ? {} : { what });
    say(`${film.title}: ${what}`);
    byId("notice").hidden = true;
  } catch (error) {
    const found = /** @type {any} */ (error);
    byId("notice").hidden = false;
    byId("notice").textContent = `${film.title}: ${found.message}. ${found.remedy || ""}`;
  }
}

/** @param {Film} film */
function cells(film) {
  const goes = film.state === "running", share = (/** @type {string} */ name, /** @type {number|null} */ value) => h("span.share", { role: "cell", "data-name": name }, h("b", { class: GRADE(value) }, percent(value)));
  const button = (/** @type {string} */ what, /** @type {string} */ label = what) => h("button", { type: "button", "aria-label": `${label} ${film.title}`, onclick: () => act(film, what) }, label);
  const bar = goes && film.progress !== null ? h("progress", { max: 1, value: film.progress, "aria-label": `${film.title}: progress` }) : null;
  const stateClass = film.state === "failed" ? "bad" : goes ? "warn" : film.state === "done" || film.state === "success" ? "good" : "soft";
  return [
    h("span.name", { role: "cell" }, film.page === false ? h("b", { dir: "auto" }, film.title) : h("a", { href: address(film), dir: "auto" }, film.title), h("small", null, [film.year, film.approved.length ? `approved: ${film.approved.map((one) => `${one.language} by ${one.by}`).join(", ")}` : null].filter(Boolean).join(" · "))),
    h("span.state", { role: "cell" }, h(`b.${stateClass}`, null, film.state), h("small", null, film.stage), bar),
    h("span.langs", { role: "cell" }, `${film.source.join(", ") || "?"} → ${film.targets.join(", ") || "–"}`),
    share("text", film.coverage), share("sure", film.sure), share("rules", film.rules),
    h("span.count", { role: "cell", "data-name": "look at" }, film.needs === null ? "–" : h("b", { class: film.needs ? "warn" : "good" }, String(film.needs))),
    h("span.count.time", { role: "cell", "data-name": "time" }, spent(film.seconds)),
    h("span.why", { role: "cell" }, film.reason ? h("span.bad", null, film.reason) : null, film.next ? h("code", null, film.next) : null),
    h("span.does", { role: "cell" }, goes ? button("stop") : film.state === "failed" ? button("retry") : film.state === "done" || film.state === "success" ? null : button("start"),
      film.report ? h("a", { href: at(film.report), "aria-label": `report of ${film.title}` }, "report") : null, film.runReport ? h("a", { href: at(film.runReport), "aria-label": `run of ${film.title}` }, "run") : null),
  ];
}

/** @type {Map<string, any>} */
const drawn = new Map();
const draw = eachFrame(() => {
  const box = byId("films"), height = parseInt(getComputedStyle(box).getPropertyValue("--row"), 10), top = box.scrollTop, wanted = new Set();
  byId("space").style.height = `${shown.length * height}px`;
  for (let n = Math.max(0, Math.floor(top / height) - 5); n < Math.min(shown.length, Math.ceil((top + box.clientHeight) / height) + 5); n += 1) {
    const film = shown[n];
    wanted.add(film.id);
    let row = drawn.get(film.id);
    if (!row) { row = h("div.film", { role: "row" }); drawn.set(film.id, row); byId("space").append(row); }
    if (row.film !== film) { row.film = film; fill(row, cells(film)); }
    if (row.place !== n * height) { row.place = n * height; row.style.transform = `translateY(${row.place}px)`; row.setAttribute("aria-rowindex", String(n + 2)); }
  }
  for (const [id, row] of drawn) if (!wanted.has(id)) { row.remove(); drawn.delete(id); }
});

function choose() {
  const needle = view.search.toLocaleLowerCase(), by = /** @type {any} */ (COLUMNS.find((column) => column[0] === view.order))[3];
  const order = (/** @type {Film} */ a, /** @type {Film} */ b) => {
    const [x, y] = [by(a), by(b)];
    // What is not known stands last, whichever way.
    if (x === y) return 0;
    if (x === null || x === "") return 1;
    if (y === null || y === "") return -1;
    return (typeof x === "string" ? x.localeCompare(y) : x - y) * (view.down ? -1 : 1);
  };
  shown = films.filter((film) => STATES[view.state](film) && (!needle || `${film.title} ${film.year} ${film.source.join(" ")} ${film.targets.join(" ")} ${film.state} ${film.stage || ""} ${film.reason || ""}`.toLocaleLowerCase().includes(needle))).sort(order);
  byId("films").setAttribute("aria-rowcount", String(shown.length + 1));
  byId("empty").hidden = shown.length > 0;
  byId("sum").textContent = shown.length === films.length ? `${films.length} film${films.length === 1 ? "" : "s"}` : `${shown.length} of ${films.length} films`;
  draw();
}

function head() {
  fill(byId("head"), COLUMNS.map(([key, label, kind]) => h(`span.${kind.split(" ").join(".")}`, { role: "columnheader", "aria-sort": view.order === key ? (view.down ? "descending" : "ascending") : null },
    label ? h("button", { type: "button", onclick: () => { view.down = view.order === key ? !view.down : !["title", "state", "langs"].includes(key); view.order = key; head(); choose(); byId("films").scrollTop = 0; byId("head").querySelector("[aria-sort] button").focus(); } }, label) : h("span.hidden", null, "what can be done"))));
}

const states = () => fill(byId("states"), Object.keys(STATES).map((name) => h("button", { type: "button", "aria-pressed": String(view.state === name), onclick: () => { view.state = name; states(); choose(); byId("films").scrollTop = 0; } }, name, h("small", null, String(films.filter(STATES[name]).length)))));

/** The films that are shown as a file for a spreadsheet; a text that it would take for a formula is none. */
function csv() {
  const field = (/** @type {any} */ value) => { const text = String(value ?? ""), safe = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text; return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe; };
  const names = ["title", "year", "state", "stage", "source", "targets", "coverage", "sure", "rules", "needs", "seconds", "reason", "next", "approved"];
  const rows = shown.map((film) => names.map((name) => field(name === "targets" ? film.targets.join(" ") : name === "source" ? film.source.join(" ") : name === "approved" ? film.approved.map((one) => `${one.language} ${one.by} ${one.at}`).join("; ") : /** @type {any} */ (film)[name])).join(","));
  const link = h("a", { href: URL.createObjectURL(new Blob([`\ufeff${[names.join(","), ...rows].join("\r\n")}\r\n`], { type: "text/csv" })), download: "films.csv" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

async function load() {
  try {
    films = (await get("/api/films")).films;
    byId("notice").hidden = true;
  } catch (error) {
    byId("notice").hidden = false;
    byId("notice").textContent = `${/** @type {any} */ (error).message}. ${/** @type {any} */ (error).remedy || "Start it again: ./samvad review"}`;
  }
  states();
  choose();
  document.documentElement.dataset.ready = "1";
}

const later = eachFrame(() => { states(); choose(); });
function listen() {
  const events = new EventSource(at("/api/events"));
  let known = false;
  events.addEventListener("film", (event) => {
    const film = JSON.parse(/** @type {MessageEvent} */ (event).data), at = films.findIndex((one) => one.id === film.id);
    if (at < 0) films.push(film); else films[at] = film;
    later();
  });
  events.onopen = () => { if (known) load(); known = true; byId("notice").hidden = true; };
  events.onerror = () => {
    byId("notice").hidden = false;
    byId("notice").textContent = "The server does not answer: what you see may be old. ./samvad review starts it again.";
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  };
}

byId("films").addEventListener("scroll", draw, { passive: true });
new ResizeObserver(draw).observe(byId("films"));
byId("search").oninput = () => { view.search = byId("search").value; choose(); };
byId("csv").onclick = csv;
byId("replace").onclick = replaceInAll;
head();
await load();
listen();
