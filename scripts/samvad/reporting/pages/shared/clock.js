/** Times as people read and type them; inside, all times are whole milliseconds. */

const two = (/** @type {number} */ n) => String(Math.floor(n)).padStart(2, "0");

/**
 * A time as `1:02:03.450`, without hours where there are none.
 * @param {number} ms
 * @param {number} [digits] of the second's fraction, 0 to 3
 */
export function clock(ms, digits = 3) {
  const whole = Math.max(0, Math.round(ms)), seconds = Math.floor(whole / 1000);
  const hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60;
  const fraction = digits ? "." + String(whole % 1000).padStart(3, "0").slice(0, digits) : "";
  return (hours ? hours + ":" : "") + two(minutes) + ":" + two(seconds % 60) + fraction;
}

const TIME = /^(?:(?:(\d+):)?(\d+):)?(\d+)(?:[.,](\d{1,3}))?$/;

/**
 * What people write for a time (`HH:MM:SS.mmm`, `MM:SS`, seconds) in ms, or null: the same as `samvad.core.times.from_clock`.
 * @param {string} text
 * @returns {number|null}
 */
export function parseClock(text) {
  const match = TIME.exec(text.trim());
  if (!match || (match[2] && Number(match[3]) >= 60) || (match[1] && Number(match[2]) >= 60)) return null;
  return ((Number(match[1] || 0) * 60 + Number(match[2] || 0)) * 60 + Number(match[3])) * 1000 + Number((match[4] || "0").padEnd(3, "0"));
}

/** A time as SubRip writes it. @param {number} ms */
export function srtClock(ms) {
  const whole = Math.max(0, Math.round(ms));
  return [Math.floor(whole / 3600000), Math.floor(whole / 60000) % 60, Math.floor(whole / 1000) % 60].map(two).join(":") + "," + String(whole % 1000).padStart(3, "0");
}

/** The frame that is shown at a time. @param {number} ms @param {number} rate */
export const frameAt = (ms, rate) => Math.floor((ms * rate) / 1000 + 1e-6);

/** A share as `97 %`; only all of it is 100 %. @param {number|null|undefined} share */
export const percent = (share) =>
  share === null || share === undefined ? "–" : share >= 1 ? "100 %" : (Math.floor(share * 1000) / 10).toFixed(1) + " %";
