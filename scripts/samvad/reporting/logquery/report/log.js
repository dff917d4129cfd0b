// The log of a run: only the rows that are seen are in the page, so that a hundred thousand lines scroll like ten.
(async () => {
  const section = document.getElementById("log");
  if (!section) return;
  const ROW = 22;
  const MARGIN = 12;
  const byId = (id) => document.getElementById(id);
  const list = byId("log-list");
  const detail = byId("log-detail");
  const find = byId("log-find");
  const levelChoice = byId("log-level");
  const stageChoice = byId("log-stage");
  const packed = Uint8Array.from(atob(byId("log-data").textContent), (sign) => sign.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const log = JSON.parse(await new Response(unpacked).text());
  byId("log-data").remove();
  const total = log.text.length;
  const at = new Float64Array(total);
  log.after.reduce((now, after, index) => (at[index] = now + after), log.start);
  const lower = log.text.map((text) => text.toLowerCase());
  for (const [index, more] of Object.entries(log.more)) {
    lower[index] += `\n${more.map(([, value]) => value).join("\n").toLowerCase()}`;
  }
  const failure = log.levels.indexOf("ERROR");
  let shown = [];
  let chosen = -1;
  let drawn = "";

  function element(tag, text, name) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (name) made.className = name;
    return made;
  }

  for (const [index, name] of log.levels.entries()) {
    if (log.level.includes(index)) levelChoice.append(new Option(`${name} and up`, index));
  }
  levelChoice.value = log.level.includes(1) ? "1" : levelChoice.options[0].value;
  log.stages.forEach((name, index) => stageChoice.append(new Option(name, index)));

  function clock(index) {
    return new Date(at[index]).toISOString().slice(11, 23);
  }

  // A text with what was searched for marked in it.
  function marked(text, words) {
    const made = element("span", undefined, "text");
    const small = text.toLowerCase();
    let from = 0;
    if (words && small.length === text.length) {
      for (let place = small.indexOf(words); place >= 0; place = small.indexOf(words, from)) {
        made.append(text.slice(from, place), element("mark", text.slice(place, place + words.length)));
        from = place + words.length;
      }
    }
    made.append(text.slice(from));
    return made;
  }

  const searched = () => find.value.trim().toLowerCase();

  function row(place) {
    const index = shown[place];
    const made = element("div", undefined, `line l${log.level[index]}${index === chosen ? " chosen" : ""}`);
    made.setAttribute("role", "option");
    made.setAttribute("aria-posinset", place + 1);
    made.setAttribute("aria-setsize", shown.length);
    made.setAttribute("aria-selected", index === chosen);
    made.id = `log-${index + 1}`;
    made.style.top = `${place * ROW}px`;
    made.dataset.index = index;
    const attempt = log.attempt[index] > 1 ? ` #${log.attempt[index]}` : "";
    made.append(
      element("span", index + 1, "num"),
      element("span", clock(index), "clock"),
      element("span", log.stages[log.stage[index]] + attempt, "place"),
      element("span", log.levels[log.level[index]], "level"),
      marked(log.text[index].split("\n", 1)[0], searched()),
    );
    return made;
  }

  function draw() {
    const first = Math.max(0, Math.floor(list.scrollTop / ROW) - MARGIN);
    const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + MARGIN);
    const state = `${first} ${last} ${chosen} ${searched()} ${shown.length} ${levelChoice.value} ${stageChoice.value}`;
    if (state === drawn) return;
    drawn = state;
    const rows = [];
    for (let place = first; place < last; place += 1) rows.push(row(place));
    byId("log-rows").replaceChildren(...rows);
    if (chosen >= 0) list.setAttribute("aria-activedescendant", `log-${chosen + 1}`);
  }

  function filter() {
    const words = searched();
    const level = Number(levelChoice.value);
    const stage = stageChoice.value === "" ? -1 : Number(stageChoice.value);
    shown = [];
    for (let index = 0; index < total; index += 1) {
      if (log.level[index] >= level && (stage < 0 || log.stage[index] === stage) && lower[index].includes(words)) {
        shown.push(index);
      }
    }
    byId("log-rows").style.height = `${shown.length * ROW}px`;
    byId("log-count").textContent = `${shown.length.toLocaleString("en")} of ${total.toLocaleString("en")} lines`;
    if (chosen >= 0 && placeOf(chosen) >= 0) scrollTo(placeOf(chosen));
    draw();
  }

  // Where a line is among those that are shown, by halving; -1 where it is not.
  function placeOf(index) {
    let low = 0;
    let high = shown.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (shown[middle] === index) return middle;
      if (shown[middle] < index) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  function scrollTo(place) {
    const top = place * ROW;
    if (top < list.scrollTop || top + ROW > list.scrollTop + list.clientHeight) {
      list.scrollTop = top - list.clientHeight / 2;
    }
  }

  function choose(index) {
    chosen = index;
    if (placeOf(index) < 0) {
      find.value = "";
      levelChoice.value = levelChoice.options[0].value;
      stageChoice.value = "";
      filter();
    }
    scrollTo(placeOf(index));
    draw();
    tell(index);
  }

  // What a line says in full, and for an error how it came to that; each step leads to its line.
  function tell(index) {
    const title = element("h3", `Line ${index + 1}, ${log.stages[log.stage[index]]}, ${new Date(at[index]).toISOString()}`);
    const facts = element("dl");
    for (const [name, value] of log.more[index] ?? []) {
      const told = element("dd");
      told.append(value.includes("\n") ? element("pre", value) : value);
      facts.append(element("dt", name.replaceAll("_", " ")), told);
    }
    const parts = [title, element("pre", log.text[index])];
    const chain = log.chains[log.chain[index]];
    if (chain) {
      const steps = element("ol", undefined, "chain");
      for (const [role, line, text] of chain.links) {
        const step = element("li", undefined, role);
        step.append(element("span", role, "role"));
        if (line === null) step.append(element("span", text));
        else step.append(jump(line, text));
        steps.append(step);
      }
      parts.push(element("h4", `How it came to that: ${chain.title}`), steps);
      if (chain.remedy) parts.push(element("p", `Do: ${chain.remedy}`));
    }
    detail.replaceChildren(...parts, facts);
    detail.hidden = false;
  }

  function jump(line, text) {
    const made = element("button", text, "jump");
    made.type = "button";
    made.title = `Line ${line + 1}`;
    made.addEventListener("click", () => choose(line));
    return made;
  }

  function toError(step) {
    const from = chosen >= 0 ? chosen : step > 0 ? -1 : total;
    for (let index = from + step; index >= 0 && index < total; index += step) {
      if (log.level[index] >= failure) return choose(index);
    }
    return undefined;
  }

  const errors = log.level.filter((level) => level >= failure).length;
  byId("log-errors").textContent = errors === 1 ? "1 line in error" : `${errors} lines in error`;
  for (const [id, step] of [["log-before", -1], ["log-next", 1]]) {
    byId(id).disabled = errors === 0;
    byId(id).addEventListener("click", () => toError(step));
  }
  let waiting;
  find.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); });
  levelChoice.addEventListener("change", filter);
  stageChoice.addEventListener("change", filter);
  list.addEventListener("scroll", () => requestAnimationFrame(draw));
  window.addEventListener("resize", draw);
  list.addEventListener("click", (event) => {
    const line = event.target.closest(".line");
    if (line) choose(Number(line.dataset.index));
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20 }[event.key];
    if (!step || shown.length === 0) return;
    event.preventDefault();
    const place = placeOf(chosen);
    choose(shown[Math.min(shown.length - 1, Math.max(0, place < 0 ? 0 : place + step))]);
  });
  for (const button of document.querySelectorAll("button[data-log-line]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      section.scrollIntoView();
      choose(Number(button.dataset.logLine));
    });
  }
  byId("log-view").hidden = false;
  filter();
})();
