/** The picture: plays, stops at the end of what was asked for, and shows the cue as a player would. */
import { at, first } from "./api.js";
import { byId, fill, h } from "./dom.js";
import { clock, frameAt, percent } from "./clock.js";
import { lastBefore } from "./edits.js";
import { pieces } from "./text.js";

/** Events: `time` whenever the moment that is shown has changed, `playing` when it begins or ends to play. */
export class Player extends EventTarget {
  /** @param {any} about the document: its media, duration and frame rate */
  constructor(about) {
    super();
    this.video = /** @type {HTMLVideoElement} */ (byId("video"));
    this.rate = about.frameRate || 24;
    this.duration = about.durationMs;
    this.at = 0;
    this.stop = Infinity;
    this.loop = false;
    /** @type {[number, number]|null} */
    this.range = null;
    this.shown = "";
    this.media = about.media;
    this.has = about.media.kind !== "none";
    byId("nomedia").hidden = this.has;
    byId("nomedia").textContent = this.has ? "" : about.media.why || "There is no picture of this film that a browser can play.";
    this.video.hidden = !this.has;
    if (this.has) this.video.src = at(about.media.url);
    else if (about.media.url) this.copy(about.media.copy);
    this.video.addEventListener("error", () => {
      this.has = false;
      this.video.hidden = true;
      byId("nomedia").hidden = false;
      byId("nomedia").textContent = about.media.why || "The browser cannot play this film. Times, text and the waveform work without it.";
    });
    const tell = () => { if (this.video.readyState) this.at = this.video.currentTime * 1000; this.#changed(); };
    for (const kind of ["timeupdate", "seeked", "loadeddata"]) this.video.addEventListener(kind, tell);
    this.video.addEventListener("play", () => { this.#frame(); this.#told(); });
    this.video.addEventListener("pause", () => { tell(); this.#told(); });
    this.video.addEventListener("ended", () => this.#told());
  }

  /**
   * How far the small copy is that plays in a browser where the film does not; null where nobody has asked for one.
   * @param {{state: string, progress: number|null, error: string}|null} told
   */
  copy(told) {
    if (this.has) return;
    if (told?.state === "done") {
      this.has = true;
      byId("nomedia").hidden = true;
      this.video.hidden = false;
      this.video.src = at(this.media.url);
      this.video.currentTime = this.at / 1000;
      return;
    }
    const ask = async () => {
      try { await first(this.media.url); this.copy({ state: "done", progress: 1, error: "" }); } catch (error) {
        const { answer, message } = /** @type {any} */ (error);
        this.copy(answer?.copy || { state: "failed", progress: null, error: message });
      }
    };
    fill(byId("nomedia"), told?.state === "making" ? `A small copy of the film, which plays here, is made: ${percent(told.progress || 0)}`
      : [`${told?.error || this.media.why}. `, h("button", { type: "button", onclick: ask }, "Make a small copy that plays here")]);
  }

  get playing() { return this.has && !this.video.paused; }

  #told() {
    byId("play").textContent = this.playing ? "❚❚" : "▶";
    byId("play").setAttribute("aria-label", this.playing ? "Pause" : "Play");
    this.dispatchEvent(new Event("playing"));
  }

  #changed() {
    byId("now").textContent = clock(this.at);
    byId("frame").textContent = `frame ${frameAt(this.at, this.rate)}`;
    this.dispatchEvent(new Event("time"));
  }

  #frame() {
    if (this.video.paused) return;
    this.at = this.video.currentTime * 1000;
    if (this.at >= this.stop) {
      if (this.loop && this.range) this.video.currentTime = this.range[0] / 1000;
      else { this.video.pause(); this.seek(this.stop); this.stop = Infinity; }
    }
    this.#changed();
    requestAnimationFrame(() => this.#frame());
  }

  /** @param {number} ms */
  seek(ms) {
    this.at = Math.min(this.duration, Math.max(0, ms));
    if (this.has) this.video.currentTime = this.at / 1000 + 0.0005;
    this.#changed();
  }

  toggle() {
    this.stop = Infinity;
    this.range = null;
    if (!this.has) return;
    if (this.video.paused) this.video.play().catch(() => undefined);
    else this.video.pause();
  }

  pause() { if (this.has) this.video.pause(); }

  /** Play a stretch, again and again where `loop` is set. @param {number} start @param {number} end */
  play(start, end) {
    if (!this.has) return this.seek(start);
    this.range = [start, end];
    this.stop = end;
    this.seek(start);
    this.video.play().catch(() => undefined);
  }

  /** @param {number} frames */
  step(frames) {
    this.pause();
    this.seek((frameAt(this.at + 0.5, this.rate) + frames + 0.25) * 1000 / this.rate);
  }

  /** @param {number} speed */
  speed(speed) { this.video.playbackRate = speed; byId("speed").value = String(speed); }

  /** Show the cues that stand there at this moment. @param {import("./edits.js").Lane|undefined} lane */
  showCue(lane) {
    if (!lane) return;
    const cues = [];
    for (let n = lastBefore(lane.cues, this.at); n >= 0 && cues.length < 3 && lane.cues[n].start > this.at - 60000; n -= 1) if (lane.cues[n].end > this.at) cues.unshift(lane.cues[n]);
    const key = lane.id + cues.map((cue) => cue.id + cue.text).join("\u0000");
    if (key === this.shown) return;
    this.shown = key;
    const box = byId("shown");
    box.lang = lane.language;
    box.dir = lane.dir;
    fill(box, cues.map((cue) => h("p", null, pieces(cue.text).map((line, n) => [n ? h("br") : null, h("span.line", null, line.map(drawnPiece))]))));
  }
}

/** A piece of a cue with its style. @param {import("./text.js").Piece} piece @returns {any} */
export function drawnPiece(piece) {
  let made = /** @type {any} */ (document.createTextNode(piece.text));
  if (piece.i) made = h("em", null, made);
  if (piece.b) made = h("b", null, made);
  if (piece.u) made = h("u", null, made);
  return made;
}
