/** One canvas: sound, shots, cues with handles, ticks of words, speech without text, the playhead; and what the mouse does there. */
import { byId, colour, eachFrame } from "./dom.js";
import { clock } from "./clock.js";
import { lastBefore } from "./edits.js";
import { plain } from "./text.js";
import { rampOf, spectrogramTile, Tiles } from "./tiles.js";
import { worst } from "./rules.js";

const RULER = 18, BOXES = 42, HANDLE = 6, SPECTRUM = 96;
const SHORTEST_VIEW = 1500;

/** Events: `seek` (ms), `pick` (cue id), `times` ({cue, start, end}), `create` ({start, end}), `preview`, `in`, `out`, `ripple` (ms), `play` (ms). */
export class Wave extends EventTarget {
  /** @param {any} about the document */
  constructor(about) {
    super();
    this.canvas = /** @type {HTMLCanvasElement} */ (byId("wave"));
    this.pen = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d", { alpha: false }));
    this.duration = about.durationMs;
    this.shots = about.shots;
    this.from = 0;
    this.span = 12000;
    this.height = 1;
    this.loudest = 20;
    this.byHand = false;
    this.at = 0;
    this.kind = "wave";
    /** @type {import("./edits.js").Lane|undefined} */
    this.lane = undefined;
    /** @type {import("./edits.js").Lane|undefined} */
    this.beside = undefined;
    this.chosen = new Set();
    /** @type {[number, number][]} */
    this.missing = [];
    /** @type {[number, number][]} */
    this.loud = [];
    /** @type {any} */
    this.drag = null;
    this.hover = "";
    this.draw = eachFrame(() => this.paint());
    this.still = document.createElement("canvas");
    this.stillKey = "";
    this.arrivals = 0;
    const arrived = () => { this.arrivals += 1; this.draw(); };
    const path = `/api/films/${encodeURIComponent(about.id)}`;
    const query = (/** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ px) => `from=${from}&to=${to}&px=${px}`;
    this.peaks = new Tiles((from, to, px) => `${about.peaks.url}${about.peaks.url.includes("?") ? "&" : "?"}${query(from, to, px)}`, (answer) => this.#loud(new Int8Array(answer)), about.peaks.minMs, arrived);
    this.spectrum = new Tiles((from, to, px) => `${path}/spectrogram?${query(from, to, px)}&height=${SPECTRUM}`, (answer) => spectrogramTile(answer, SPECTRUM, this.ramp()), 4, arrived);
    new ResizeObserver(() => this.#fit()).observe(this.canvas);
    addEventListener("samvad-theme", () => { this.spectrum.clear(); this.draw(); });
    this.#listen();
  }

  /** A quiet film's waveform is drawn taller, until a person says how tall. @param {Int8Array} tile */
  #loud(tile) {
    for (const value of tile) if (Math.abs(value) > this.loudest) this.loudest = Math.abs(value);
    if (!this.byHand) this.height = Math.min(6, 118 / Math.max(1, this.loudest));
    return tile;
  }

  ramp() {
    const rgb = (/** @type {string} */ name) => { const hex = colour(name).replace("#", ""); return /** @type {[number, number, number]} */ ([0, 2, 4].map((n) => parseInt(hex.slice(n, n + 2), 16))); };
    return rampOf([rgb("well"), rgb("wave"), rgb("cue"), rgb("glow")]);
  }

  #fit() {
    const ratio = devicePixelRatio || 1, box = this.canvas.getBoundingClientRect();
    this.width = Math.max(1, box.width);
    this.tall = Math.max(1, box.height);
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.tall * ratio);
    this.ratio = ratio;
    this.paint();
  }

  /** @param {number} ms */
  x(ms) { return ((ms - this.from) / this.span) * (this.width || 1); }
  /** @param {number} x */
  ms(x) { return this.from + (x / (this.width || 1)) * this.span; }

  /** Show a moment; a playing film turns the page at its end. @param {number} ms @param {boolean} playing */
  moment(ms, playing) {
    this.at = ms;
    if (!this.drag && (ms < this.from || ms > this.from + this.span * (playing ? 0.95 : 1))) this.scroll(ms - this.span * (playing ? 0.05 : 0.4));
    else this.draw();
  }

  /** @param {number} from */
  scroll(from) {
    this.from = Math.max(-this.span * 0.05, Math.min(this.duration - this.span * 0.5, from));
    this.draw();
  }

  /** Show a stretch with some room around it. @param {number} start @param {number} end */
  reveal(start, end) {
    if (start < this.from || end > this.from + this.span) this.scroll((start + end) / 2 - this.span / 2);
  }

  /** @param {number} factor @param {number} [around] x that stays where it is */
  zoom(factor, around = this.x(this.at)) {
    if (around < 0 || around > (this.width || 1)) around = (this.width || 1) / 2;
    const fixed = this.ms(around);
    this.span = Math.min(Math.max(SHORTEST_VIEW, this.span * factor), Math.max(SHORTEST_VIEW, this.duration * 1.1));
    this.scroll(fixed - (around / (this.width || 1)) * this.span);
  }

  paint() {
    const pen = this.pen, tall = this.tall || 1, to = this.from + this.span;
    const bottom = tall - RULER - BOXES;
    Object.assign(this.canvas.dataset, { from: Math.round(this.from), span: Math.round(this.span) });
    this.#ground(bottom, to);
    this.#hatched(to, bottom);
    /* Sound too loud to hear speech in it is no fault: a grey line, as in the report. */
    pen.fillStyle = colour("soft");
    for (const [start, end] of this.loud) if (end > this.from && start < to) pen.fillRect(this.x(start), bottom + BOXES - 2, Math.max(2, this.x(end) - this.x(start)), 2);
    this.#cues(bottom);
    pen.fillStyle = colour("accent");
    pen.fillRect(Math.round(this.x(this.at)) - 1, 0, 2, tall);
  }

  /** What does not change while something is dragged or played is drawn once. @param {number} bottom @param {number} to */
  #ground(bottom, to) {
    const key = [this.from, this.span, this.height, this.kind, this.width, this.tall, this.ratio, this.arrivals, colour("well")].join();
    if (key !== this.stillKey) {
      this.stillKey = key;
      this.still.width = this.canvas.width;
      this.still.height = this.canvas.height;
      const shown = this.pen;
      this.pen = /** @type {any} */ (this.still.getContext("2d", { alpha: false }));
      this.pen.setTransform(this.ratio || 1, 0, 0, this.ratio || 1, 0, 0);
      this.pen.fillStyle = colour("well");
      this.pen.fillRect(0, 0, this.width || 1, this.tall || 1);
      if (this.kind === "wave") this.#sound(bottom);
      else this.#spectrum(bottom);
      this.#shots(to, bottom);
      this.#ruler(to, this.tall || 1);
      this.pen = shown;
    }
    this.pen.setTransform(1, 0, 0, 1, 0, 0);
    this.pen.drawImage(this.still, 0, 0);
    this.pen.setTransform(this.ratio || 1, 0, 0, this.ratio || 1, 0, 0);
  }

  /** @param {number} bottom */
  #sound(bottom) {
    const pen = this.pen, middle = Math.round(bottom / 2), size = ((bottom / 2 - 2) * this.height) / 127, width = this.width || 1;
    pen.fillStyle = colour("wave");
    for (const { start, scale, tile } of this.peaks.over(this.from, this.from + this.span, this.span / width, this.duration)) {
      const count = tile.length >> 1, first = Math.max(0, Math.floor(this.x(start))), last = Math.min(width, Math.ceil(this.x(start + count * scale)));
      // A column of the screen at a time: whole pixels are filled several times faster than a path with its edges smoothed.
      for (let x = first; x < last; x += 1) {
        const from = Math.max(0, Math.floor((this.ms(x) - start) / scale)), to = Math.min(count, Math.max(from + 1, Math.floor((this.ms(x + 1) - start) / scale)));
        let low = 0, high = 0;
        for (let n = from; n < to; n += 1) { if (tile[2 * n] < low) low = tile[2 * n]; if (tile[2 * n + 1] > high) high = tile[2 * n + 1]; }
        const top = Math.round(Math.min(middle, high * size)), foot = Math.round(Math.min(middle, -low * size));
        pen.fillRect(x, middle - top, 1, Math.max(1, top + foot));
      }
    }
  }

  /** @param {number} bottom */
  #spectrum(bottom) {
    this.pen.imageSmoothingEnabled = true;
    for (const { start, scale, tile } of this.spectrum.over(this.from, this.from + this.span, this.span / (this.width || 1), this.duration)) {
      this.pen.drawImage(tile, this.x(start), 0, (tile.width * scale / this.span) * (this.width || 1), bottom);
    }
  }

  /** @param {number} to @param {number} bottom */
  #shots(to, bottom) {
    this.pen.fillStyle = colour("name");
    let low = 0, high = this.shots.length;
    while (low < high) { const middle = (low + high) >> 1; if (this.shots[middle] < this.from) low = middle + 1; else high = middle; }
    const many = this.span > 600000;
    for (; low < this.shots.length && this.shots[low] <= to; low += 1) this.pen.fillRect(Math.round(this.x(this.shots[low])), many ? bottom - 6 : 0, 1, many ? 6 : bottom);
  }

  /** Speech that has no text: slanted lines. @param {number} to @param {number} bottom */
  #hatched(to, bottom) {
    const pen = this.pen;
    for (const [start, end] of this.missing) {
      if (end < this.from || start > to) continue;
      const left = this.x(start), right = Math.max(left + 2, this.x(end));
      pen.save();
      pen.beginPath(); pen.rect(left, 0, right - left, bottom + BOXES); pen.clip();
      pen.strokeStyle = colour("warn"); pen.lineWidth = 1.5; pen.globalAlpha = 0.55;
      pen.beginPath();
      for (let x = Math.max(left, 0) - bottom - BOXES - ((Math.max(left, 0) - left) % 8); x < Math.min(right, this.width || 1); x += 8) { pen.moveTo(x, bottom + BOXES); pen.lineTo(x + bottom + BOXES, 0); }
      pen.stroke();
      pen.restore();
    }
  }

  /** Cues that are seen, with what is being dragged in place of what is there. */
  *seen() {
    if (!this.lane) return;
    const cues = this.lane.cues, to = this.from + this.span;
    for (let n = Math.max(0, lastBefore(cues, this.from) - 3); n < cues.length && cues[n].start <= to; n += 1) {
      const cue = cues[n];
      yield this.drag && this.drag.cue === cue.id ? { ...cue, start: this.drag.start, end: this.drag.end } : cue;
    }
    if (this.drag?.cue === "") yield { id: "", text: "", start: this.drag.start, end: this.drag.end, flags: [], words: [], song: false };
  }

  /** @param {number} bottom */
  #cues(bottom) {
    const pen = this.pen, top = bottom + 3, size = BOXES - 6, dense = this.span > 900000;
    pen.font = "13px system-ui, 'Noto Sans', 'Noto Sans Devanagari', sans-serif";
    pen.textBaseline = "middle";
    let drawn = "";
    for (const cue of this.seen()) {
      const left = this.x(cue.start), right = Math.max(left + 1.5, this.x(cue.end)), chosen = this.chosen.has(cue.id) || cue.id === "";
      const shade = cue.song ? "song" : worst(/** @type {any} */ (cue.flags)) === "error" ? "bad" : "cue";
      if (chosen && !dense) {
        pen.fillStyle = colour(shade); pen.globalAlpha = 0.14;
        pen.fillRect(left, 0, right - left, bottom);
        pen.globalAlpha = 1;
      }
      pen.fillStyle = colour(shade);
      pen.globalAlpha = chosen ? 1 : 0.62;
      if (right - left < 6) {
        // Many cues on one pixel are one of them: the worst is seen where it is drawn over.
        const pixel = `${Math.round(left)}${shade}`;
        if (pixel !== drawn) pen.fillRect(left, top, right - left, size);
        drawn = pixel;
        pen.globalAlpha = 1;
        continue;
      }
      pen.beginPath(); pen.roundRect(left, top, right - left, size, 5); pen.fill();
      pen.globalAlpha = 1;
      if (!dense) this.#inside(cue, left, right, top, size, bottom, chosen);
    }
  }

  /** @param {any} cue @param {number} left @param {number} right @param {number} top @param {number} size @param {number} bottom @param {boolean} chosen */
  #inside(cue, left, right, top, size, bottom, chosen) {
    const pen = this.pen;
    if (this.span < 60000) {
      pen.fillStyle = colour("ink");
      for (const [start, end, , sure] of cue.words) {
        pen.globalAlpha = sure < 0.5 ? 0.9 : 0.3;
        if (start > cue.start + 5) pen.fillRect(this.x(start), bottom - 6, 1, 6);
        if (sure < 0.5) { pen.fillStyle = colour("warn"); pen.fillRect(this.x(start), bottom - 3, Math.max(2, this.x(end) - this.x(start) - 1), 3); pen.fillStyle = colour("ink"); }
      }
      pen.globalAlpha = 1;
    }
    if (right - left > 28) {
      pen.save();
      pen.beginPath(); pen.rect(left + 8, top, right - left - 16, size); pen.clip();
      pen.fillStyle = colour(chosen ? "on-cue" : "ink");
      pen.direction = this.lane?.dir || "ltr";
      pen.textAlign = this.lane?.dir === "rtl" ? "right" : "left";
      const lines = plain(cue.text).split("\n"), x = this.lane?.dir === "rtl" ? Math.min(right, this.width || 1) - 10 : Math.max(left, 0) + 10;
      if (lines.length > 1) { pen.fillText(lines[0], x, top + size / 2 - 8); pen.fillText(lines.slice(1).join(" "), x, top + size / 2 + 8); }
      else pen.fillText(lines[0], x, top + size / 2 + 0.5);
      pen.restore();
      pen.direction = "ltr"; pen.textAlign = "left";
    }
    if (chosen) {
      pen.fillStyle = colour("ink");
      for (const x of [left, right]) { pen.fillRect(Math.round(x) - 1, 0, 2, bottom + BOXES); pen.beginPath(); pen.roundRect(x - 3, top + size / 2 - 9, 6, 18, 3); pen.fill(); }
    }
  }

  /** @param {number} to @param {number} tall */
  #ruler(to, tall) {
    const pen = this.pen, every = [100, 200, 500, 1000, 2000, 5000, 10000, 30000, 60000, 300000, 600000, 1800000].find((n) => (n / this.span) * (this.width || 1) > 80) || 3600000;
    pen.fillStyle = colour("soft");
    pen.font = "12px system-ui, sans-serif";
    for (let at = Math.ceil(Math.max(0, this.from) / every) * every; at <= to && at <= this.duration; at += every) {
      pen.fillRect(Math.round(this.x(at)), tall - RULER, 1, 5);
      pen.fillText(clock(at, every < 1000 ? 1 : 0), this.x(at) + 4, tall - RULER / 2 + 1);
    }
  }

  /* The mouse. */

  /** What is under a place: an edge of a cue, a cue, or nothing. @param {number} x */
  hit(x) {
    let body = null;
    const near = [];
    for (const cue of this.seen()) {
      const left = this.x(cue.start), right = this.x(cue.end), chosen = this.chosen.has(cue.id), room = Math.min(HANDLE, Math.max(2, (right - left) / 3));
      if (x >= left - HANDLE && x <= left + room) near.push({ cue, edge: "start", off: Math.abs(x - left) - (chosen ? 4 : 0) });
      if (x >= right - room && x <= right + HANDLE) near.push({ cue, edge: "end", off: Math.abs(x - right) - (chosen ? 4 : 0) });
      if (x >= left && x <= right) body = { cue, edge: "" };
    }
    const edge = near.sort((a, b) => a.off - b.off)[0];
    return edge || body;
  }

  /**
   * A time drawn to a shot change, or to a neighbour's edge with the profile's gap between, where it is near.
   * @param {number} ms
   * @param {string} edge
   * @param {string} cue
   */
  snapped(ms, edge, cue) {
    const reach = (8 / (this.width || 1)) * this.span, rules = this.lane?.rules;
    const shotGap = edge === "end" ? rules?.shotGap || 0 : 0;
    let best = ms, far = reach;
    const offer = (/** @type {number} */ at) => { if (Math.abs(at - ms) < far) { far = Math.abs(at - ms); best = at; } };
    let low = 0, high = this.shots.length;
    while (low < high) { const middle = (low + high) >> 1; if (this.shots[middle] < ms - reach - 200) low = middle + 1; else high = middle; }
    for (; low < this.shots.length && this.shots[low] < ms + reach + 200; low += 1) offer(this.shots[low] - shotGap);
    for (const other of this.seen()) if (other.id !== cue) { offer(other.start - (rules?.gap || 0)); offer(other.end + (rules?.gap || 0)); }
    return Math.round(best);
  }

  #listen() {
    const canvas = this.canvas, tell = (/** @type {string} */ kind, /** @type {any} */ detail) => this.dispatchEvent(new CustomEvent(kind, { detail }));
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      const at = this.ms(event.offsetX);
      canvas.focus({ preventScroll: true });
      if (event.ctrlKey && event.shiftKey) return tell("ripple", at);
      if (event.shiftKey) return tell("in", at);
      if (event.ctrlKey || event.metaKey) return tell("out", at);
      const found = this.hit(event.offsetX);
      canvas.setPointerCapture(event.pointerId);
      this.drag = found
        ? { cue: found.cue.id, edge: found.edge, first: event.offsetX, start: found.cue.start, end: found.cue.end, was: [found.cue.start, found.cue.end], moved: false }
        : { cue: null, edge: "new", first: event.offsetX, start: at, end: at, was: [at, at], moved: false };
      if (found) tell("pick", found.cue.id);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.drag) {
        const found = this.hit(event.offsetX);
        canvas.style.cursor = found ? (found.edge ? "ew-resize" : "grab") : "crosshair";
        return;
      }
      this.#dragged(event);
    });
    const end = (/** @type {PointerEvent} */ event) => {
      const drag = this.drag;
      this.drag = null;
      if (!drag) return;
      if (!drag.moved) { if (event.type === "pointerup") tell("seek", this.ms(event.offsetX)); return this.draw(); }
      if (event.type === "pointercancel") { tell("preview", null); return this.draw(); }
      if (drag.cue === "") { if (drag.end - drag.start >= 100) tell("create", { start: drag.start, end: drag.end }); }
      else if (drag.start !== drag.was[0] || drag.end !== drag.was[1]) tell("times", { cue: drag.cue, start: drag.start, end: drag.end });
      tell("preview", null);
      this.draw();
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("dblclick", (event) => tell("play", this.ms(event.offsetX)));
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const amount = event.deltaY || event.deltaX;
      if (event.altKey || event.ctrlKey) this.zoom(amount > 0 ? 1.2 : 1 / 1.2, event.offsetX);
      else if (event.shiftKey) { this.byHand = true; this.height = Math.min(12, Math.max(0.25, this.height * (amount > 0 ? 1 / 1.2 : 1.2))); this.draw(); }
      else this.scroll(this.from + (amount / (this.width || 1)) * this.span * 0.6);
    }, { passive: false });
  }

  /** @param {PointerEvent} event */
  #dragged(event) {
    const drag = this.drag, by = ((event.offsetX - drag.first) / (this.width || 1)) * this.span;
    if (!drag.moved && Math.abs(event.offsetX - drag.first) < 3) return;
    drag.moved = true;
    const snap = (/** @type {number} */ ms, /** @type {string} */ edge) => (event.altKey ? Math.round(ms) : this.snapped(ms, edge, drag.cue || ""));
    if (drag.cue === null) drag.cue = "";
    if (drag.edge === "new") {
      const now = snap(drag.was[0] + by, by > 0 ? "end" : "start");
      [drag.start, drag.end] = by > 0 ? [Math.round(drag.was[0]), now] : [now, Math.round(drag.was[0])];
    } else if (drag.edge === "start") drag.start = Math.max(0, Math.min(drag.end - 40, snap(drag.was[0] + by, "start")));
    else if (drag.edge === "end") drag.end = Math.max(drag.start + 40, snap(drag.was[1] + by, "end"));
    else {
      const length = drag.was[1] - drag.was[0];
      drag.start = Math.max(0, snap(drag.was[0] + by, "start"));
      drag.end = drag.start + length;
    }
    this.dispatchEvent(new CustomEvent("preview", { detail: drag.cue ? { cue: drag.cue, start: drag.start, end: drag.end } : null }));
    this.draw();
  }
}
