/**
 * The film as one document: what the server has confirmed, and on top of it the edits that are on their way. What is shown
 * is always the second made of the first, so an answer, another person's edit or a refusal needs no repair.
 */
import { ApiError, at, fresh, get, post } from "./api.js";
import { applied, indexOf, merged } from "./edits.js";
import { Kept } from "./kept.js";

/** @typedef {import("./edits.js").Lane} Lane */
/** @typedef {import("./edits.js").Cue} Cue */
/** @typedef {import("./edits.js").Edit} Edit */
/** @typedef {import("./kept.js").Batch} Batch */

/** Events: `change` (lanes, needs, figures), `state` (saved or not), `run`, `copy`, `presence`, `conflict`, `refused`. */
export class FilmDocument extends EventTarget {
  /** @param {string} id */
  constructor(id) {
    super();
    this.id = id;
    this.path = `/api/films/${encodeURIComponent(id)}`;
    this.client = fresh();
    this.kept = new Kept(id);
    /** @type {any} */
    this.about = null;
    /** @type {Map<string, Lane>} */
    this.confirmed = new Map();
    /** @type {Map<string, Lane>} */
    this.lanes = new Map();
    /** @type {Batch[]} */
    this.pending = [];
    this.revision = 0;
    /** @type {any[]} */
    this.needs = [];
    this.away = "";
    this.sending = false;
    /** The revision that was loaded last, and whether steps of others have been missed since. */
    this.loaded = 0;
    this.stale = false;
    /** @type {any[]} the person's own steps: what undo takes back, and redo brings again */
    this.done = [];
    /** @type {any[]} */
    this.undone = [];
  }

  /** Load the document and what was kept, and listen to the server. */
  async open() {
    const kept = this.kept.all();
    await this.#load();
    this.pending = await kept;
    this.#show();
    this.#listen();
    this.#loadSteps();
    this.flush();
  }

  async #load() {
    let about = await get(this.path);
    // An answer may have come in while the document was on its way: what that changed is not in it.
    if (about.revision < this.revision) about = await get(this.path);
    this.about = about;
    this.revision = this.loaded = about.revision;
    this.stale = false;
    this.needs = about.needs;
    this.confirmed = new Map(about.lanes.map((/** @type {Lane} */ lane) => [lane.id, lane]));
    this.#show();
  }

  async #loadSteps() {
    try {
      const history = await get(`${this.path}/history`);
      const mine = history.filter((/** @type {any} */ entry) => entry.by === this.about.you && !entry.ops?.some?.((/** @type {any} */ op) => ["undo", "redo"].includes(op.op || op)));
      this.done = mine.filter((/** @type {any} */ entry) => !entry.undone).sort((/** @type {any} */ a, /** @type {any} */ b) => a.revision - b.revision);
      this.#tell("state");
    } catch { /* without a history there is nothing to take back yet */ }
  }

  /** @param {string} kind @param {any} [detail] */
  #tell(kind, detail) { this.dispatchEvent(new CustomEvent(kind, { detail })); }

  #show() {
    this.lanes = this.pending.reduce((lanes, batch) => applied(lanes, batch.edits), this.confirmed);
    this.#tell("change");
    this.#tell("state");
  }

  /** @param {string} lane @returns {Lane|undefined} */
  lane(lane) { return this.lanes.get(lane); }

  /** @param {string|null|undefined} lane @param {string|null|undefined} id @returns {Cue|undefined} */
  cue(lane, id) {
    const found = this.lanes.get(lane || "");
    return found ? found.cues[indexOf(found.cues, id || "")] : undefined;
  }

  /** A cue id that nothing has. */
  newId() { return `n-${fresh().replaceAll("-", "").slice(0, 16)}`; }

  /**
   * Apply edits at once, as one step, and send them.
   * @param {Edit[]} edits
   * @param {string} label what the list of steps calls it
   */
  async edit(edits, label, force = false) {
    if (!edits.length) return;
    /** @type {Batch} */
    const batch = { key: fresh(), film: this.id, client: this.client, base: this.revision, edits, label, ...(force ? { force } : {}) };
    this.pending.push(batch);
    this.undone = [];
    this.#show();
    await this.kept.add(batch);
    // It may have been taken back, or sent with another one, before the browser had written it down.
    if (!this.pending.includes(batch)) await this.kept.drop(batch);
    this.flush();
  }

  /** Send what waits, one batch after the other. */
  async flush() {
    if (this.sending) return;
    this.sending = true;
    this.#tell("state");
    while (this.pending.length) {
      const batch = this.pending[0];
      try {
        const { key, base, edits, label, force } = batch;
        // What was kept over a reload is still of the window that made it: it does not come into conflict with itself.
        const answer = await post(`${this.path}/edits`, { key, base, client: batch.client || this.client, edits, label, group: true, ...(force ? { force } : {}) });
        await this.#leave(batch);
        this.#take(answer, edits, label);
        this.away = "";
      } catch (error) {
        if (!(error instanceof ApiError)) { this.sending = false; throw error; }
        if (error.away) { this.#wait(error); break; }
        this.away = "";
        await this.#leave(batch);
        this.#show();
        if (error.status === 409 && error.answer.conflicts) this.#conflict(batch, error.answer);
        else this.#tell("refused", { batch, error });
      }
    }
    this.sending = false;
    this.#tell("state");
    if (this.stale && !this.pending.length) this.#load().catch(() => { /* the next event or edit tries again */ });
  }

  /** @param {Batch} batch */
  async #leave(batch) {
    this.pending = this.pending.filter((one) => one !== batch);
    await this.kept.drop(batch);
  }

  /** @param {ApiError} error */
  #wait(error) {
    this.away = error.status === 401 || error.status === 403
      ? "the server was started anew: open the address that it printed; what you wrote is kept here and sent then"
      : error.status === 507 || error.status === 409 ? `${error.message} ${error.remedy} What you write is kept in this browser and sent as soon as it can be`
      : "the server does not answer; what you write is kept in this browser and sent when it is back";
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), 2000);
  }

  /** @param {Batch} batch @param {any} answer */
  #conflict(batch, answer) {
    for (const conflict of answer.conflicts) {
      const theirs = conflict.theirs?.cue, lane = this.confirmed.get(conflict.edit?.lane);
      if (theirs && lane) this.confirmed.set(lane.id, merged(lane, [theirs], []));
    }
    this.#reach(answer.revision);
    this.#show();
    this.#tell("conflict", { batch, conflicts: answer.conflicts });
  }

  /** @param {any} answer @param {Edit[]} edits @param {string} label */
  #take(answer, edits, label) {
    this.#merge(answer);
    const steps = edits.map((edit) => edit.op);
    if (!steps.includes("undo") && !steps.includes("redo")) this.done.push({ revision: answer.log?.revision ?? answer.revision, label, ...(answer.log || {}) });
    if (answer.lanesChanged || steps.some((op) => ["restore", "add_lane"].includes(op))) this.#load();
  }

  /** @param {any} answer of our own edit, or an event of another's */
  #merge(answer) {
    for (const [id, lane] of this.confirmed) {
      const news = answer.cues?.[id] || [], removed = answer.removed?.[id] || [];
      if (news.length || removed.length) this.confirmed.set(id, merged(lane, news, removed));
      if (answer.headline?.[id]) this.confirmed.set(id, { .../** @type {Lane} */ (this.confirmed.get(id)), headline: answer.headline[id] });
      if (answer.approved && id in answer.approved) this.confirmed.set(id, { .../** @type {Lane} */ (this.confirmed.get(id)), approved: answer.approved[id] });
    }
    if (answer.needs?.all) this.needs = answer.needs.all;
    else if (answer.needs) {
      const found = answer.needs.found || [], fresh = new Set(found.map((/** @type {any} */ need) => need.id));
      const judged = new Set(Object.entries(answer.needs.cues || {}).flatMap(([lane, ids]) => /** @type {string[]} */ (ids).map((id) => `${lane} ${id}`)));
      const stays = (/** @type {any} */ need) => !fresh.has(need.id) && !(need.cue && judged.has(`${need.lane} ${need.cue}`));
      this.needs = [...this.needs.filter(stays), ...found].sort((a, b) => b.gain - a.gain);
    }
    this.#reach(answer.revision);
    this.#show();
  }

  /** What comes after steps that were missed does not make them seen: edits say what they were made on. @param {number|undefined} revision */
  #reach(revision) { if (!this.stale) this.revision = Math.max(this.revision, revision || 0); }

  /** Load the document anew, once nothing is on its way. */
  #missed() {
    this.stale = true;
    if (!this.sending && !this.pending.length) this.#load().catch(() => { /* tried again at the next event */ });
  }

  #listen() {
    const events = new EventSource(at(`${this.path}/events`));
    events.onopen = () => { this.away = ""; this.flush(); this.#tell("state"); };
    events.onerror = () => {
      if (!this.away) this.#wait(new ApiError(0, null));
      this.#tell("state");
      if (events.readyState === EventSource.CLOSED) { clearTimeout(this.listening); this.listening = setTimeout(() => this.#listen(), 3000); }
    };
    const on = (/** @type {string} */ kind, /** @type {(data: any) => void} */ act) => events.addEventListener(kind, (event) => act(JSON.parse(/** @type {MessageEvent} */ (event).data)));
    on("hello", (hello) => { if (hello.reload || hello.revision !== this.revision) this.#missed(); });
    on("reload", () => this.#missed());
    on("problems", (found) => { this.about.problems = found.problems || found; this.#tell("state"); });
    on("edit", (entry) => {
      if (entry.client === this.client || entry.revision <= this.loaded) return;
      // The answer to an edit of our own, made after it, was quicker.
      if (entry.revision <= this.revision) return this.#missed();
      if (entry.cues || entry.removed) this.#merge(entry); else this.#load();
      this.#tell("others", entry);
    });
    on("run", (run) => { this.about.run = run; this.#tell("run", run); });
    on("progress", (run) => { this.about.run = { ...(this.about.run || {}), ...run }; this.#tell("run", this.about.run); });
    on("copy", (told) => this.#tell("copy", told));
    on("presence", (found) => this.#tell("presence", found));
    on("document", () => this.#load());
  }

  /** Take back the person's last step. @returns {Promise<string>} what was taken back */
  undo() { return this.#inTurn(() => this.#undo()); }

  /** Bring back what was taken back last. @returns {Promise<string>} */
  redo() { return this.#inTurn(() => this.#redo()); }

  /** @type {Promise<string>} the undo or redo that was asked for last */
  #turn = Promise.resolve("");

  /**
   * One step after the other, however fast the keys are: two undos are two steps, and no undo takes back an undo.
   * @param {() => Promise<string>} step
   * @returns {Promise<string>}
   */
  #inTurn(step) {
    const done = this.#turn.then(step);
    this.#turn = done.catch(() => "");
    return done;
  }

  async #undo() {
    const waiting = this.pending.at(-1);
    if (waiting && !this.sending && !waiting.edits.some((edit) => ["undo", "redo"].includes(edit.op))) {
      await this.#leave(waiting);
      this.#show();
      return waiting.label;
    }
    while (this.sending) await new Promise((done) => setTimeout(done, 20));
    const step = this.done.pop();
    if (!step) return "";
    const redo = this.undone;
    await this.edit([{ op: "undo", entry: step.revision }], `undo: ${step.label}`);
    this.undone = [...redo, step];
    this.#tell("state");
    return step.label;
  }

  async #redo() {
    while (this.sending) await new Promise((done) => setTimeout(done, 20));
    const step = this.undone.pop();
    if (!step) return "";
    const redo = this.undone;
    await this.edit([{ op: "redo", entry: step.revision }], `redo: ${step.label}`);
    this.undone = redo;
    this.done.push(step);
    this.#tell("state");
    return step.label;
  }
}
