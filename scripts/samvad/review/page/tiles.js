/** Waveform and spectrogram in tiles that fit every zoom: asked for once, kept while they are near. */
import { bytes } from "./api.js";

/** Columns of a tile. */
export const COLUMNS = 512;
const MOST = 160;

/** @template T */
export class Tiles {
  /**
   * @param {(from: number, to: number, columns: number) => string} address
   * @param {(answer: ArrayBuffer) => T} made of an answer
   * @param {number} finest ms that a column has at least
   * @param {() => void} arrived
   */
  constructor(address, made, finest, arrived) {
    this.address = address;
    this.made = made;
    this.finest = Math.max(1, finest || 1);
    this.arrived = arrived;
    /** @type {Map<string, T|null>} */
    this.kept = new Map();
    this.asked = new Set();
  }

  /** Milliseconds that a column has in the tiles for a scale: a power of two. @param {number} msPerPixel */
  scale(msPerPixel) { return 2 ** Math.max(Math.ceil(Math.log2(this.finest)), Math.floor(Math.log2(Math.max(1, msPerPixel)))); }

  /**
   * The tiles over a stretch, as far as they are there; others are asked for, and coarser ones stand in.
   * @param {number} from
   * @param {number} to
   * @param {number} msPerPixel
   * @param {number} duration
   * @returns {{start: number, scale: number, tile: T}[]}
   */
  over(from, to, msPerPixel, duration) {
    const scale = this.scale(msPerPixel), wide = scale * COLUMNS, found = [];
    for (let n = Math.max(0, Math.floor(from / wide)); n * wide < Math.min(to, duration); n += 1) {
      const tile = this.#tile(scale, n);
      if (tile) { found.push({ start: n * wide, scale, tile }); continue; }
      for (let up = 1; up < 8; up += 1) {
        const standIn = this.kept.get(`${scale * 2 ** up}:${n >> up}`);
        if (standIn) { found.push({ start: (n >> up) * wide * 2 ** up, scale: scale * 2 ** up, tile: standIn }); break; }
      }
    }
    return found;
  }

  /** @param {number} scale @param {number} n */
  #tile(scale, n) {
    const key = `${scale}:${n}`, kept = this.kept.get(key);
    if (kept) { this.kept.delete(key); this.kept.set(key, kept); return kept; }
    if (!this.asked.has(key) && this.asked.size < 12) {
      this.asked.add(key);
      const wide = scale * COLUMNS;
      bytes(this.address(n * wide, (n + 1) * wide, COLUMNS)).then((answer) => {
        if (answer) {
          this.kept.set(key, this.made(answer));
          this.asked.delete(key);
          if (this.kept.size > MOST) this.kept.delete(/** @type {string} */ (this.kept.keys().next().value));
          this.arrived();
        } else setTimeout(() => this.asked.delete(key), 3000);
      });
    }
    return null;
  }

  clear() { this.kept.clear(); }
}

/** Colours of a spectrogram: from the ground of the page to its accent. @param {ArrayBuffer} answer @param {number} height @param {[number, number, number][]} ramp */
export function spectrogramTile(answer, height, ramp) {
  const values = new Uint8Array(answer), width = Math.floor(values.length / height), picture = new ImageData(Math.max(1, width), height);
  for (let n = 0; n < width * height; n += 1) {
    const [red, green, blue] = ramp[values[n]];
    picture.data[4 * n] = red; picture.data[4 * n + 1] = green; picture.data[4 * n + 2] = blue; picture.data[4 * n + 3] = 255;
  }
  const canvas = new OffscreenCanvas(picture.width, height);
  /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d")).putImageData(picture, 0, 0);
  return canvas;
}

/** 256 colours through some. @param {[number, number, number][]} stops @returns {[number, number, number][]} */
export function rampOf(stops) {
  return Array.from({ length: 256 }, (_, n) => {
    const place = (n / 255) * (stops.length - 1), low = Math.min(stops.length - 2, Math.floor(place)), share = place - low;
    return /** @type {[number, number, number]} */ ([0, 1, 2].map((c) => Math.round(stops[low][c] * (1 - share) + stops[low + 1][c] * share)));
  });
}
