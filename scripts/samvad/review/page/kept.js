/** Edits that the server has not answered yet, kept in the browser's database: a closed window or a dead server loses none. */

/** @typedef {{key: string, film: string, client?: string, base: number, edits: import("./edits.js").Edit[], label: string, force?: boolean, order?: number}} Batch */

const STORE = "batches";

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((done, failed) => {
    const asked = indexedDB.open("samvad-review", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "order", autoIncrement: true }).createIndex("film", "film");
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
    asked.onblocked = () => failed(new Error("another window holds the browser's database"));
  });
}

/** What is kept; `works` is false where the browser keeps nothing (a private window, a full disk). */
export class Kept {
  /** @param {string} film */
  constructor(film) {
    this.film = film;
    this.works = true;
    /** @type {Promise<IDBDatabase|null>} */
    this.ready = open().catch(() => { this.works = false; return null; });
  }

  /** @template T @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest<T>} ask @returns {Promise<T|null>} */
  async #ask(mode, ask) {
    const base = await this.ready;
    if (!base) return null;
    try {
      return await new Promise((done, failed) => {
        const deal = base.transaction(STORE, mode, { durability: mode === "readwrite" ? "strict" : "default" }), asked = ask(deal.objectStore(STORE));
        deal.oncomplete = () => done(asked.result);
        deal.onerror = deal.onabort = () => failed(deal.error);
      });
    } catch {
      this.works = false;
      return null;
    }
  }

  /** Keep a batch; it gets its place in the order. @param {Batch} batch */
  async add(batch) {
    const order = await this.#ask("readwrite", (store) => store.add({ ...batch }));
    if (order !== null) batch.order = Number(order);
  }

  /** @param {Batch} batch */
  async drop(batch) { if (batch.order !== undefined) await this.#ask("readwrite", (store) => store.delete(/** @type {number} */ (batch.order))); }

  /** All batches of this film, in their order. @returns {Promise<Batch[]>} */
  async all() { return (await this.#ask("readonly", (store) => store.index("film").getAll(this.film))) || []; }
}
