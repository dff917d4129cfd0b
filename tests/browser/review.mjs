// What a person does in the page where films are finished: steps for browse.mjs, each returns what was seen.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import fs from "node:fs";

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** A window with the page, and hands. */
export class Window {
  constructor(tab) { this.tab = tab; }

  /** Press keys together, or one after the other where they are several arguments: "Control+Alt+v". */
  async press(...combinations) {
    for (const combination of combinations) {
      const keys = combination.split("+");
      for (const key of keys.slice(0, -1)) await this.tab.keyboard.down(key);
      await this.tab.keyboard.press(keys.at(-1));
      for (const key of keys.slice(0, -1).reverse()) await this.tab.keyboard.up(key);
    }
  }
  ready() { return this.until(() => document.documentElement.dataset.ready === "1" && document.querySelector("#space .row, .empty:not([hidden])")); }
  async until(test, ...given) { return this.within(90000, test, ...given); }
  /** Wait for a state of the page; a film that is made takes as long as it takes. */
  async within(timeout, test, ...given) {
    try {
      return await this.tab.waitForFunction(test, { timeout, polling: 50 }, ...given);
    } catch (error) {
      throw new Error(`${test}\n${error.message}\n${await this.tab.evaluate(() => document.activeElement.outerHTML.slice(0, 200) + document.body.innerText)}`);
    }
  }
  async saved() {
    await this.tab.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
    await this.until(() => document.getElementById("saved").textContent === "saved ✓");
  }
  /**
   * Wait until the page has told of a step that was taken back or brought back, a row's text is what it should be, and all is saved.
   * The text alone says nothing: two undos can end with the words with which they began.
   */
  async becomes(number, text, told) {
    await this.until((told) => document.getElementById("say").textContent.startsWith(told), told);
    const plain = (words) => words.replace(/<[^>]*>/g, "").replace(/\s+/g, " ").trim();
    for (const began = Date.now(); plain((await this.row(number)).text) !== plain(text) && Date.now() - began < 60000; ) await sleep(50);
    await this.saved();
    return this.row(number);
  }
  /** Follow a link to the page that it leads to. */
  follow(selector) { return Promise.all([this.tab.waitForNavigation({ timeout: 90000 }), this.tab.click(selector)]); }
  text(id) { return this.tab.evaluate((id) => document.getElementById(id).textContent, id); }
  /** The rows that exist now: times, text, flags. */
  rows() {
    return this.tab.evaluate(() => [...document.querySelectorAll("#space .row")].sort((a, b) => a.number - b.number).map((row) => ({
      id: row.dataset.cue, times: [...row.querySelectorAll(".times span")].map((span) => span.textContent),
      text: row.querySelector("textarea")?.value ?? row.querySelector(".text").innerText, flags: row.querySelector(".flags").textContent, dir: row.querySelector(".text").dir,
    })));
  }
  async row(number) { return (await this.rows())[number - 1]; }
  /** Type into the cue that is worked on, over what is there. */
  async write(text) {
    await this.press("Enter");
    await this.until(() => document.activeElement.tagName === "TEXTAREA");
    await this.press("Control+a");
    await this.tab.keyboard.sendCharacter(text);
  }
  /** Drag in the waveform from one time to another. */
  async drag(from, to) {
    const box = await (await this.tab.$("#wave")).boundingBox();
    const { first, span } = await this.tab.evaluate(() => ({ first: Number(document.getElementById("wave").dataset.from), span: Number(document.getElementById("wave").dataset.span) }));
    const x = (ms) => box.x + ((ms - first) / span) * box.width, y = box.y + box.height - 40;
    await this.tab.mouse.move(x(from), y);
    await this.tab.mouse.down();
    await this.tab.mouse.move(x((from + to) / 2), y, { steps: 3 });
    await this.tab.mouse.move(x(to), y, { steps: 3 });
    await this.tab.mouse.up();
  }
  /** What axe finds wrong with the page as it is: rule, and where. */
  async faults(modules) {
    await this.tab.evaluate(fs.readFileSync(createRequire(modules + "/x.js").resolve("axe-core/axe.min.js"), "utf8"));
    return this.tab.evaluate(async () => (await axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })).violations.map((found) => `${found.id}: ${found.nodes.slice(0, 3).map((node) => node.target.join(" ")).join("; ")}`));
  }
}

/** Start the server again, as its page has the right to expect: the same address. */
export async function started({ command, cwd, env }) {
  const server = spawn(command[0], command.slice(1), { cwd, env: { ...process.env, ...env }, detached: true, stdio: ["ignore", "pipe", "ignore"] });
  await new Promise((done, failed) => { server.stdout.once("data", done); server.once("exit", (code) => failed(new Error(`the server ended with ${code}`))); });
  return server.pid;
}
export function killed(pid) { try { process.kill(-pid, "SIGKILL"); } catch { /* it is dead already */ } }

/** A person finishes a film: everything by keys but what only a mouse does. */
export async function finish(tab, given) {
  try {
    return await finished(tab, given);
  } finally {
    killed(given.pid);
  }
}

async function finished(tab, given) {
  const seen = {}, me = new Window(tab);
  await me.ready();
  seen.title = await me.text("title");
  seen.first = await me.row(1);

  await me.press("Space");
  await me.until(() => document.getElementById("video").currentTime > 12.1);
  await me.press("Space");
  seen.shown = await me.text("shown");

  await me.press("ArrowDown");
  await me.write("Did you sleep well last night, my dear old friend?");
  seen.flagsWhileTyping = (await me.row(2)).flags;
  await me.press("Escape");
  await me.saved();
  seen.edited = await me.row(2);

  await me.press("Enter", "Control+Home");
  for (let n = 0; n < "Did you sleep well".length; n += 1) await me.press("ArrowRight");
  await me.press("Control+Alt+v");
  await me.saved();
  await me.press("Escape");
  seen.split = (await me.rows()).slice(1, 3);
  await me.press("ArrowUp", "Control+Shift+m");
  await me.saved();
  seen.merged = await me.row(2);
  await me.press("Control+z", "Control+z");
  seen.undone = await me.becomes(2, seen.edited.text, "taken back: cue 2 split");
  await me.press("Control+y");
  await me.becomes(2, seen.split[0].text, "brought back: cue 2 split");
  await me.press("Control+z");
  seen.undoneAgain = await me.becomes(2, seen.edited.text, "taken back: cue 2 split");

  const end = 1000 * Number(seen.undoneAgain.times[1].split(":")[1]);
  await me.drag(end, end + 250);
  await me.saved();
  seen.dragged = await me.row(2);

  killed(given.pid);
  await me.press("ArrowDown");
  await me.write("नमस्ते, क्या हाल है?");
  await me.press("Escape");
  await me.until(() => document.getElementById("saved").textContent.startsWith("not saved"));
  seen.away = [await me.text("saved"), await me.text("notice")];
  given.pid = await started(given);
  await me.saved();
  await tab.reload();
  await me.ready();
  seen.afterKill = (await me.rows()).slice(0, 4);

  const other = new Window(await tab.browser().newPage());
  await other.tab.goto(tab.url());
  await other.ready();
  await me.tab.bringToFront();
  await me.press("ArrowDown", "ArrowDown", "ArrowDown");
  await me.write("Written in the first window.");
  await me.press("Escape");
  await me.saved();
  await other.tab.bringToFront();
  await other.until(() => document.getElementById("space").innerText.includes("Written in the first window."));
  seen.pushed = (await other.row(4)).text;

  await other.tab.setOfflineMode(true);
  await other.press("ArrowDown", "ArrowDown", "ArrowDown");
  await other.write("Written in the second window.");
  await other.press("Escape");
  await me.tab.bringToFront();
  await me.write("Written again in the first.");
  await me.press("Escape");
  await me.saved();
  await other.tab.bringToFront();
  await other.tab.setOfflineMode(false);
  await other.until(() => document.querySelector("dialog"));
  seen.conflict = await other.tab.evaluate(() => document.querySelector("dialog").innerText + document.querySelector("dialog textarea").value);
  await other.press("Control+Enter");
  await other.saved();
  seen.chosen = (await other.row(4)).text;
  await other.tab.close();
  await me.tab.bringToFront();
  await me.until(() => document.getElementById("space").innerText.includes("Written in the second window."));

  seen.faults = [];
  for (const scheme of ["light", "dark"]) {
    await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    seen.faults.push(...await me.faults(given.modules));
  }
  await me.press("F1");
  seen.faults.push(...await me.faults(given.modules));
  await me.press("Escape");

  await tab.click("#finish");
  for (let n = 0; n < 900 && !/in the film|failed/.test(seen.finished || ""); n += 1) {
    await sleep(300);
    seen.finished = await me.text("runtext");
  }

  await tab.goto(new URL("/", tab.url()).href);
  await tab.waitForFunction(() => document.querySelector("#space .film"));
  seen.shelf = await tab.evaluate(() => document.querySelector("#space .film").innerText);
  seen.faults.push(...await me.faults(given.modules));
  return seen;
}

/** A shelf whose films are begun, stopped and begun again, by the states that they show. */
export async function shelf(tab, given) {
  const seen = { states: [] }, me = new Window(tab);
  await tab.waitForFunction(() => document.documentElement.dataset.ready === "1" && document.querySelector("#space .film"));
  const film = (title) => tab.evaluate((title) => { const row = [...document.querySelectorAll("#space .film")].find((one) => one.innerText.includes(title)); return { state: row.querySelector(".state b").textContent, buttons: [...row.querySelectorAll(".does button")].map((one) => one.textContent), reason: row.querySelector(".why").innerText }; }, title);
  const until = (state) => me.within(300000, (title, state) => { const row = [...document.querySelectorAll("#space .film")].find((one) => one.innerText.includes(title)); return row && row.querySelector(".state b").textContent === state; }, given.title, state);
  const click = (what) => tab.evaluate((title, what) => [...document.querySelectorAll("#space .film")].find((one) => one.innerText.includes(title)).querySelector(`.does button[aria-label^="${what}"]`).click(), given.title, what);
  const now = async () => seen.states.push(await film(given.title));
  await now();
  await click("start");
  await until("running");
  await now();
  await click("stop");
  await until(given.stopped);
  await now();
  await click(given.again);
  await until("running");
  await until("success");
  await now();
  seen.faults = await me.faults(given.modules);
  return seen;
}

/** From the shelf to the reports of a film and back, and a word that is replaced in all films. */
export async function reports(tab, given) {
  const seen = { faults: [] }, me = new Window(tab);
  await tab.waitForFunction(() => document.documentElement.dataset.ready === "1" && document.querySelector("#space .film"));
  const link = (kind) => tab.evaluate((title, kind) => [...document.querySelectorAll("#space .film")].find((one) => one.innerText.includes(title)).querySelector(`.does a[aria-label^="${kind} of"]`).href, given.title, kind);
  for (const kind of ["run", "report"]) {
    const address = await link(kind);
    await tab.goto(address);
    await me.until(() => document.documentElement.dataset.ready === "1");
    const frame = await (await tab.$("iframe")).contentFrame();
    seen[kind] = { title: await me.text("title"), text: await frame.evaluate(() => document.body.innerText), reaches: await frame.evaluate(async () => { try { parent.document; return "the page"; } catch { /* it must not */ } try { localStorage; return "storage"; } catch { /* it must not */ } try { await fetch(new URL("/api/films", location.href)); return "the server"; } catch { return "nothing"; } }) };
    seen.faults.push(...await me.faults(given.modules));
    await me.follow("#film");
    await me.ready();
    await me.follow(".brand");
    await tab.waitForFunction(() => document.querySelector("#space .film"));
  }

  await tab.click("#replace");
  await tab.waitForFunction(() => document.querySelector("dialog"));
  await tab.keyboard.type(given.find);
  await me.press("Tab");
  await tab.keyboard.type(given.by);
  await me.press("Enter");
  await me.until(() => document.querySelector("dialog table"));
  seen.proposed = await tab.evaluate(() => [...document.querySelectorAll("dialog tbody tr")].map((row) => row.innerText));
  await tab.evaluate(() => { for (const tick of document.querySelectorAll("dialog tbody input")) if (!tick.checked) tick.click(); });
  await tab.click("dialog button.main");
  await me.until(() => document.getElementById("replaced"));
  seen.replaced = await me.text("replaced");
  return seen;
}

/** A film whose texts, steps and people are all markup, in a browser that keeps nothing. */
export async function hostile(tab, given) {
  const seen = {}, me = new Window(tab);
  await tab.evaluateOnNewDocument(() => {
    for (const name of ["localStorage", "sessionStorage", "indexedDB"]) Object.defineProperty(window, name, { get() { throw new DOMException("kept away", "SecurityError"); } });
  });
  await tab.reload();
  await me.ready();
  await me.press("ArrowDown");
  await me.write(given.text);
  await me.press("Escape");
  await me.saved();
  seen.written = (await me.row(2)).text;
  const look = () => tab.evaluate(() => {
    for (const element of document.querySelectorAll("body *")) for (const kind of ["mouseover", "error"]) element.dispatchEvent(new Event(kind));
    return { title: document.title, ran: window.ran || 0, odd: [...document.querySelectorAll("img, iframe, base, object, embed, body script, [onerror], [onclick], [onfocus], [onmouseover], form:not(dialog form)")].map((one) => one.outerHTML.slice(0, 80)), text: document.body.innerText };
  });
  seen.page = await look();
  await me.press("Control+Alt+h");
  await me.until(() => document.querySelector("dialog tbody tr"));
  seen.history = await look();
  await me.press("Escape");
  await me.press("Control+h");
  await me.until(() => document.querySelector("dialog input"));
  await tab.keyboard.type("title");
  await me.press("Tab");
  await tab.keyboard.type("<script>");
  await me.press("Enter");
  await me.until(() => document.querySelector("dialog table"));
  seen.replace = await look();
  await me.press("Escape");
  await me.press("F1");
  await me.until(() => document.querySelector("dialog .keys"));
  await tab.click("dialog .keys button");
  await me.press("Control+Alt+Shift+F9");
  seen.key = await tab.evaluate(() => document.querySelector("dialog .keys button").textContent);
  await me.press("Escape");
  return seen;
}

/** A shelf of thousands: only what is seen exists; it is searched, sorted and walked through by keys. */
export async function many(tab, given) {
  const seen = {}, me = new Window(tab);
  await tab.waitForFunction((count) => document.documentElement.dataset.ready === "1" && document.getElementById("sum").textContent.startsWith(`${count} films`), {}, given.count);
  const count = () => tab.evaluate(() => document.querySelectorAll("#space .film").length);
  seen.begin = await count();
  await tab.type("#search", `Film ${given.count}`);
  // The rows follow the sum, in the next picture.
  await me.until(() => document.getElementById("sum").textContent.startsWith("1 of") && document.querySelectorAll("#space .film").length === 1);
  seen.found = await tab.evaluate(() => document.querySelector("#space .film .name").innerText);
  await tab.click("#search", { count: 3 });
  await me.press("Backspace");
  await me.until((count) => document.getElementById("sum").textContent.startsWith(`${count} films`), given.count);
  await me.until(() => {
    const box = document.getElementById("films");
    box.scrollTop = box.scrollHeight;  // again and again: the list grows after the sum has been written
    return [...document.querySelectorAll("#space .film")].some((row) => Number(row.getAttribute("aria-rowindex")) > 2900);
  });
  seen.end = await count();
  seen.faults = await me.faults(given.modules);
  await tab.setViewport({ width: 400, height: 800 });
  await me.until(() => innerWidth === 400);
  seen.narrow = await tab.evaluate(() => document.documentElement.scrollWidth);
  return seen;
}

/** The page as a proxy serves it, below a path: it loads, saves, hears of a run, plays, and leads to all else. */
export async function proxied(tab) {
  const seen = {}, me = new Window(tab);
  await me.ready();
  await me.press("ArrowDown");
  await me.write("Written through a proxy.");
  await me.press("Escape");
  await me.saved();
  await tab.evaluate(() => [...document.querySelectorAll("#kinds button")].find((one) => one.innerText.startsWith("doubtful translation")).click());
  const choices = () => tab.evaluate(() => [...document.querySelectorAll("#needs .need .choices button")].map((one) => one.textContent));
  await me.until(() => document.querySelectorAll("#needs .need").length === 1 && [...document.querySelectorAll("#needs .need .choices button")].some((one) => one.textContent));
  seen.choices = await choices();
  await me.press("F8");
  await me.press("Control+Alt+1");
  await me.saved();
  await me.until(() => !document.querySelector("#kinds").innerText.includes("doubtful translation"));
  seen.picked = (await me.row(5)).text;
  await me.press("Control+z");
  await me.until(() => document.querySelector("#kinds").innerText.includes("doubtful translation"));
  await me.saved();
  const other = new Window(await tab.browser().newPage());
  await other.tab.goto(tab.url());
  await other.ready();
  seen.there = (await other.row(2)).text;
  await tab.bringToFront();
  await me.press("ArrowDown");
  await me.write("Pushed through a proxy.");
  await me.press("Escape");
  await me.saved();
  await other.tab.bringToFront();
  await other.until(() => document.getElementById("space").innerText.includes("Pushed through a proxy."));
  await other.tab.close();
  await tab.bringToFront();
  await me.follow(".brand");
  await tab.waitForFunction(() => document.querySelector("#space .film a"));
  seen.shelf = tab.url();
  await me.follow("#space .film a");
  await me.ready();
  seen.film = tab.url();
  await me.until(() => performance.getEntriesByType("resource").some((entry) => /\/peaks/.test(entry.name)));
  seen.wave = await tab.evaluate(() => performance.getEntriesByType("resource").filter((entry) => /\/peaks/.test(entry.name)).map((entry) => entry.responseStatus));
  return seen;
}

/** A long film in three scripts: only what is seen exists, and it is edited in each. */
export async function long(tab) {
  const seen = {}, me = new Window(tab);
  await me.ready();
  const count = () => tab.evaluate(() => ({ rows: document.querySelectorAll("#space .row").length, of: Number(document.getElementById("rows").getAttribute("aria-rowcount")) - 1, elements: document.querySelectorAll("*").length }));
  seen.begin = await count();
  await me.press("End");
  await me.until(() => document.querySelector(".row.now .num")?.textContent === String(Number(document.getElementById("rows").getAttribute("aria-rowcount")) - 1));
  seen.end = await count();
  seen.last = (await me.rows()).at(-1).text;
  await me.press("Control+g");
  await tab.keyboard.type("2500");
  await me.press("Enter");
  await me.until(() => document.querySelector(".row.now .num")?.textContent === "2500");
  await me.until(() => document.querySelector(".row.now .num")?.textContent === "2500");
  seen.there = await tab.evaluate(() => document.querySelector(".row.now .num").textContent);
  for (const [language, text] of [["ur", "یہ ایک نیا جملہ ہے۔"], ["hi", "यह एक नया वाक्य है।"]]) {
    await tab.select("#lane", language);
    await me.press("Escape");
    await tab.evaluate(() => document.getElementById("rows").focus());
    await me.write(text);
    await me.press("Escape");
    await me.saved();
    seen[language] = await tab.evaluate(() => { const row = document.querySelector(".row.now"); return [row.querySelector(".text").innerText, row.querySelector(".text").dir, row.querySelector(".speed").title]; });
  }
  await me.press("Enter", "Control+Home");
  for (let n = 0; n < 5; n += 1) await me.press("ArrowRight");
  await me.press("Control+Alt+v");
  await me.saved();
  await me.press("Escape");
  seen.split = await tab.evaluate(() => [...document.querySelectorAll("#space .row")].filter((row) => row.classList.contains("now") || row.nextSibling?.classList?.contains("now")).map((row) => row.querySelector(".text").innerText));
  await tab.setViewport({ width: 400, height: 800 });
  await me.until(() => innerWidth === 400);
  seen.narrow = await tab.evaluate(() => document.documentElement.scrollWidth);
  return seen;
}
