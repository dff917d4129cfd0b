/** Questions to the server, which is on this machine; every failure is an `ApiError` that says what to do. */

/** Where the server begins: `/`, or below the path under which a proxy serves it. */
const ROOT = new URL("..", import.meta.url).pathname;
/** An address of the server's as this browser reaches it. @param {string} path from the server's own root */
export const at = (path) => ROOT + path.replace(/^\//, "");

/** What went wrong: `status` is 0 where no answer came at all. */
export class ApiError extends Error {
  /** @param {number} status @param {any} answer */
  constructor(status, answer) {
    super(answer?.error || (status ? `the server answered ${status}` : "the server does not answer"));
    this.status = status;
    this.answer = answer || {};
    this.remedy = answer?.remedy || "";
  }

  /** Whether the same question may be answered later: the server is away, restarts, does not know this window any more, has a full disk, or another one wrote at the same moment. */
  get away() { return [0, 401, 403, 502, 503, 507].includes(this.status) || (this.status === 409 && !this.answer.conflicts && !this.answer.run); }
}

/** @param {string} path @param {RequestInit} [options] */
async function ask(path, options) {
  let response;
  try {
    response = await fetch(at(path), { credentials: "same-origin", ...options });
  } catch {
    throw new ApiError(0, null);
  }
  const text = await response.text();
  let answer = null;
  try { answer = text ? JSON.parse(text) : null; } catch { answer = { error: text.slice(0, 200) }; }
  if (!response.ok) throw new ApiError(response.status, answer);
  return answer;
}

/** @param {string} path */
export const get = (path) => ask(path);
/** @param {string} path @param {any} [body] */
export const post = (path, body) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json", "X-Samvad": "1" }, body: JSON.stringify(body ?? {}) });

/** Ask for a file's first byte: whether it is there, and not for all of it. @param {string} path */
export const first = (path) => ask(path, { headers: { Range: "bytes=0-0" } });

/** @param {string} path @returns {Promise<ArrayBuffer|null>} null where there is nothing */
export async function bytes(path) {
  try {
    const response = await fetch(at(path), { credentials: "same-origin" });
    return response.ok ? await response.arrayBuffer() : null;
  } catch {
    return null;
  }
}

/** A name that nothing else has. */
export const fresh = () => (crypto.randomUUID ? crypto.randomUUID() : Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, "0")).join(""));
