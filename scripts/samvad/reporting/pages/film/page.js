const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const video = byId("video");
const state = { track: 0, filter: "all", search: "", rows: [], now: -1, view: 20000, playing: null };
const ROW = 76;

const grade = (share) => (share >= 0.95 ? "good" : share >= 0.85 ? "warn" : "bad");
const colours = new Map();
const colour = (name) => {
  if (!colours.has(name)) colours.set(name, getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim());
  return colours.get(name);
};

/* The table: cues of the chosen track, with the quarantined lines between them where they were heard. */
function allRows(track) {
  const rows = track.cues.map((cue, index) => ({ cue, index, start: cue.start, end: cue.end }));
  for (const id of data.quarantined) {
    const segment = data.segments[id];
    rows.push({ quarantine: segment, start: segment.start, end: segment.end });
  }
  for (const [start, end] of track.missing) rows.push({ missing: "somebody speaks, and there is no text", start, end });
  for (const lost of track.words ? track.words.unexplained : []) rows.push({ lost: true, missing: `${lost.words} ${lost.words === 1 ? "word" : "words"} ${lost.how} in ${lost.stage} without a record: ${lost.text}`, start: lost.start_ms, end: lost.end_ms });
  for (const [start, end] of track.perhaps) rows.push({ missing: "perhaps somebody speaks under other sound, and there is no text", start, end });
  return rows.sort((a, b) => a.start - b.start);
}
const isDoubtful = (cue) => cue.flags.some((flag) => flag[0] === "translation");
const filters = {
  all: ["all", () => true],
  flagged: ["flagged", (row) => row.cue && row.cue.flags.length > 0],
  doubtful: ["doubtful", (row) => row.cue && isDoubtful(row.cue)],
  missing: ["missing", (row) => row.missing],
  unsure: ["unsure", (row) => row.cue && row.cue.sure !== null && row.cue.sure < 0.6],
  names: ["names", (row) => row.cue && row.cue.segments.some((id) => data.segments[id].names.length)],
  songs: ["songs", (row) => row.cue && row.cue.song],
  quarantine: ["quarantined", (row) => row.quarantine],
};
function textOf(row) {
  if (row.missing) return "";
  return row.cue ? row.cue.lines.join(" ") + " " + saidOf(row.cue) : row.quarantine.text;
}
const saidOf = (cue) => cue.segments.map((id) => data.segments[id].text).join(" ");

function choose() {
  const track = data.tracks[state.track];
  const every = track ? allRows(track) : [];
  const needle = state.search.toLocaleLowerCase();
  state.rows = every.filter((row) => filters[state.filter][1](row) && (!needle || textOf(row).toLocaleLowerCase().includes(needle)));
  byId("filters").querySelectorAll("button").forEach((button) => {
    button.setAttribute("aria-selected", String(button.dataset.filter === state.filter));
    button.querySelector("small").textContent = every.filter(filters[button.dataset.filter][1]).length;
  });
  byId("spacer").style.height = state.rows.length * ROW + "px";
  byId("empty").hidden = state.rows.length > 0;
  byId("rows").scrollTop = 0;
  drawRows();
}

const marked = (text, names) => {
  let made = [text];
  for (const name of names.filter(Boolean)) {
    made = made.flatMap((part) => (typeof part === "string" ? part.split(name).flatMap((piece, n) => (n ? [html`<mark>${name}</mark>`, piece] : [piece])) : [part]));
  }
  return made;
};
function rowHtml(row, number) {
  if (row.missing) {
    return html`<span class="num"></span><span class="time">${clock(row.start, 1)}<br>${((row.end - row.start) / 1000).toFixed(2)} s</span><span
      class="said">${row.missing}</span>`;
  }
  if (row.quarantine) {
    return html`<span class="num"></span><span class="time">${clock(row.start, 1)}</span><span class="text">${row.quarantine.text}</span><span
      class="said">${row.quarantine.reasons.join(", ")}</span><span></span><span></span>`;
  }
  const { cue } = row, track = data.tracks[state.track];
  const names = [...new Set(cue.segments.flatMap((id) => data.segments[id].names))];
  const fast = cue.flags.some((flag) => flag[0] === "reading speed");
  const flags = cue.flags.map((flag) => html`<b class="${flag[1]}" title="${flag[2]}">${flag[0]}</b>`);
  if (cue.song) flags.unshift(html`<b class="song">♪ song</b>`);
  if (cue.segments.some((id) => data.segments[id].verdict === "suspect")) flags.push(html`<b title="not sure that it was said">suspect</b>`);
  if (cue.full) flags.push(html`<b class="note" title="${cue.full}">shortened</b>`);
  if (cue.hand) flags.push(html`<b class="hand">by hand</b>`);
  const lines = cue.lines.map((line, n) => (cue.italic.includes(n) ? html`<em>${marked(line, names)}</em>` : marked(line, names)));
  const text = lines.map((line, n) => (n ? [html`<br>`, line] : line));
  const said = track.same && !cue.translated && cue.segments.length === 1 ? "" : marked(saidOf(cue), names);
  const unsure = cue.sure !== null && cue.sure < 0.6;
  const width = Math.min(100, (100 * cue.speed) / (track.limit * 1.5)).toFixed(0);
  return html`<span class="num">${row.index + 1}</span><span class="time">${clock(row.start, 1)}<br>${((cue.end - cue.start) / 1000).toFixed(2)} s</span><span
    ><span class="text" lang="${track.language}">${text}</span></span><span><span class="said">${said}</span><span class="flags">${flags}</span></span><span
    class="speed ${fast ? "bad" : ""}" title="${cue.characters} characters, ${cue.graphemes} as a reader counts them">${cue.speed.toFixed(1)}<i data-width="${width}"></i></span><span
    class="num ${unsure ? "warn" : ""}">${cue.sure === null ? "" : Math.round(cue.sure * 100) + " %"}</span>`;
}
const drawn = new Map();
function drawRows() {
  const box = byId("rows");
  const first = Math.max(0, Math.floor(box.scrollTop / ROW) - 4);
  const last = Math.min(state.rows.length, Math.ceil((box.scrollTop + box.clientHeight) / ROW) + 4);
  const wanted = new Set();
  for (let number = first; number < last; number += 1) {
    const row = state.rows[number], key = number;
    wanted.add(key);
    let element = drawn.get(key);
    if (!element || element.row !== row) {
      if (element) element.remove();
      element = document.createElement("div");
      element.row = row;
      put(element, rowHtml(row, number));
      element.style.top = number * ROW + "px";
      element.onclick = () => seek(row.start);
      if (row.cue) element.ondblclick = () => correct(row);
      box.append(element);
      drawn.set(key, element);
    }
    element.className = "row" + (row.cue && row.cue.song ? " is-song" : "") + (row.quarantine ? " is-quarantine" : "") + (row.lost ? " is-lost" : row.missing ? " is-missing" : "") + (number === state.now ? " now" : "");
    element.title = row.cue ? [...row.cue.flags.map((flag) => flag[0] + ": " + flag[2]), ...(row.cue.why ? ["ends here: " + row.cue.why] : [])].join("\n") : "";
  }
  for (const [key, element] of drawn) if (!wanted.has(key)) { element.remove(); drawn.delete(key); }
}

/* The player. */
function seek(ms) {
  if (video.src) video.currentTime = Math.max(0, ms) / 1000 + 0.001;
  state.at = ms;
  tick();
}
const time = () => (video.src && video.readyState ? video.currentTime * 1000 : state.at || 0);
function tick() {
  const ms = time();
  let low = 0, high = state.rows.length;
  while (low < high) { const middle = (low + high) >> 1; if (state.rows[middle].start <= ms + 1) low = middle + 1; else high = middle; }
  const now = low - 1;
  if (now !== state.now) {
    state.now = now;
    if (byId("follow").checked && now >= 0) {
      const box = byId("rows"), top = now * ROW;
      if (top < box.scrollTop || top + ROW > box.scrollTop + box.clientHeight) box.scrollTop = top - box.clientHeight / 3;
    }
    drawRows();
  }
  drawDetail();
  drawOverview();
}
const vttCue = (cue) => new VTTCue(cue.start / 1000, Math.max(cue.end, cue.start + 1) / 1000,
  cue.lines.map((line, n) => escaped(cue.italic.includes(n) ? html`<i>${line}</i>` : line)).join("\n"));
function loadTracks() {
  data.tracks.forEach((track, number) => {
    const made = video.addTextTrack("subtitles", track.name, track.language);
    for (const cue of track.cues) made.addCue(vttCue(cue));
    made.mode = number === state.track ? "showing" : "hidden";
  });
}
function showTrack(number) {
  state.track = number;
  [...video.textTracks].forEach((track, index) => { track.mode = index === number ? "showing" : "hidden"; });
  byId("tracks").querySelectorAll("button").forEach((button, index) => button.setAttribute("aria-selected", String(index === number)));
  drawn.forEach((element) => element.remove());
  drawn.clear();
  state.now = -1;
  choose();
  drawScore();
  drawCharts();
  drawRules();
  drawWords();
  showCorrections();
  tick();
}

/* Waveform, cues and cuts. */
const peaks = Uint8Array.from(atob(data.peaks), (c) => c.charCodeAt(0));
function fit(canvas) {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = Number(canvas.getAttribute("data-height") || canvas.height);
  canvas.setAttribute("data-height", height);
  if (canvas.width !== Math.round(width * ratio)) { canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio); canvas.style.height = height + "px"; }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return [pen, width, height];
}
function wave(pen, width, middle, size, from, to) {
  pen.fillStyle = colour("wave");
  const step = ((to - from) / 1000) * data.peaksASecond / width;
  for (let x = 0; x < width; x += 1) {
    const first = Math.floor((from / 1000) * data.peaksASecond + x * step), last = Math.max(first + 1, Math.floor((from / 1000) * data.peaksASecond + (x + 1) * step));
    let peak = 0;
    for (let n = Math.max(0, first); n < last && n < peaks.length; n += Math.max(1, Math.floor((last - first) / 24))) if (peaks[n] > peak) peak = peaks[n];
    const height = (peak / 255) * size;
    pen.fillRect(x, middle - height / 2, 1, Math.max(1, height));
  }
}
const cueColour = (cue) => colour(cue.song ? "song" : cue.flags.some((flag) => flag[1] === "error") ? "bad" : "cue");
function drawDetail() {
  const [pen, width, height] = fit(byId("detail")), ms = time();
  const from = ms - state.view * 0.4, to = from + state.view, x = (t) => ((t - from) / (to - from)) * width;
  wave(pen, width, 44, 80, from, to);
  pen.fillStyle = colour("name");
  for (const cut of data.shots) if (cut >= from && cut <= to) pen.fillRect(x(cut), 0, 1.5, height - 14);
  const track = data.tracks[state.track];
  pen.font = "12px system-ui, 'Noto Sans Devanagari', sans-serif";
  pen.textBaseline = "middle";
  for (const cue of track ? track.cues : []) {
    if (cue.end < from) continue;
    if (cue.start > to) break;
    const left = x(cue.start), size = Math.max(2, x(cue.end) - left);
    pen.fillStyle = cueColour(cue);
    pen.globalAlpha = cue.start <= ms && ms < cue.end ? 1 : 0.72;
    pen.beginPath(); pen.roundRect(left, 90, size, 26, 5); pen.fill();
    pen.globalAlpha = 1;
    if (size > 24) { pen.save(); pen.beginPath(); pen.rect(left + 5, 90, size - 10, 26); pen.clip(); pen.fillStyle = "#fff"; pen.fillText(cue.lines.join(" "), left + 6, 103.5); pen.restore(); }
  }
  pen.fillStyle = colour("bad");
  for (const id of data.quarantined) { const s = data.segments[id]; if (s.end > from && s.start < to) for (let t = x(s.start); t < x(s.end); t += 5) pen.fillRect(t, 84, 2, 4); }
  pen.fillStyle = colour("warn");
  for (const [start, end] of track ? track.missing : []) if (end > from && start < to) hatch(pen, x(start), x(end), 90, 116);
  for (const [start, end] of track ? track.perhaps : []) if (end > from && start < to) hatch(pen, x(start), x(end), 103, 116);
  /* Sound too loud to hear speech in it is no fault: a grey line. */
  pen.fillStyle = colour("soft");
  for (const [start, end] of track ? track.loud : []) if (end > from && start < to) pen.fillRect(x(start), 117, Math.max(2, x(end) - x(start)), 2);
  pen.fillStyle = colour("soft");
  const every = [1000, 2000, 5000, 10000, 30000, 60000, 300000].find((n) => (n / state.view) * width > 60) || 600000;
  for (let t = Math.ceil(Math.max(0, from) / every) * every; t <= to && t <= data.duration; t += every) pen.fillText(clock(t, 0), x(t) + 3, height - 6);
  pen.fillStyle = colour("accent");
  pen.fillRect(x(ms) - 1, 0, 2, height);
}
/* Speech without text: slanted lines. */
function hatch(pen, left, right, top, bottom) {
  pen.save(); pen.beginPath(); pen.rect(left, top, Math.max(2, right - left), bottom - top); pen.clip();
  pen.strokeStyle = colour("warn"); pen.lineWidth = 1.5;
  for (let at = left - (bottom - top); at < right; at += 6) { pen.beginPath(); pen.moveTo(at, bottom); pen.lineTo(at + bottom - top, top); pen.stroke(); }
  pen.restore();
}
let overviewPicture = null;
function drawOverview() {
  const canvas = byId("overview"), key = canvas.clientWidth + ":" + state.track;
  if (!overviewPicture || overviewPicture.key !== key) {
    const [pen, width, height] = fit(canvas);
    wave(pen, width, 20, 36, 0, data.duration);
    const track = data.tracks[state.track];
    for (const cue of track ? track.cues : []) { pen.fillStyle = cueColour(cue); pen.fillRect((cue.start / data.duration) * width, height - 5, Math.max(1, ((cue.end - cue.start) / data.duration) * width), 5); }
    for (const [start, end] of track ? [...track.missing, ...track.perhaps] : []) hatch(pen, (start / data.duration) * width, (end / data.duration) * width, height - 5, height);
    pen.fillStyle = colour("soft");
    for (const [start, end] of track ? track.loud : []) pen.fillRect((start / data.duration) * width, height - 1.5, Math.max(1, ((end - start) / data.duration) * width), 1.5);
    pen.fillStyle = colour("name");
    pen.globalAlpha = 0.6;
    for (const cut of data.shots) pen.fillRect((cut / data.duration) * width, 0, 1, 6);
    pen.globalAlpha = 1;
    const image = document.createElement("canvas");
    image.width = canvas.width;
    image.height = canvas.height;
    image.getContext("2d").drawImage(canvas, 0, 0);
    overviewPicture = { key, image };
  }
  const pen = canvas.getContext("2d"), ratio = window.devicePixelRatio || 1;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(overviewPicture.image, 0, 0);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.fillStyle = colour("accent");
  pen.fillRect((time() / data.duration) * canvas.clientWidth - 1, 0, 2, canvas.height / ratio);
}

/* Corrections: the page is a file, so it can save them as another file; `./samvad correct` takes that. */
const rawOf = (cue) => cue.raw ?? cue.lines.map((line, n) => (cue.italic.includes(n) ? `<i>${line}</i>` : line)).join("\n");
const changedCues = (track) => track.cues.filter((cue) => cue.edited);
function correct(row) {
  const { cue } = row, box = byId("correct");
  byId("correctText").value = rawOf(cue);
  byId("correctText").lang = data.tracks[state.track].language;
  byId("correctIn").value = clock(cue.start);
  byId("correctOut").value = clock(cue.end);
  byId("correctWrong").textContent = "";
  box.onclose = () => byId("rows").focus();
  byId("correctForm").onsubmit = (event) => {
    event.preventDefault();
    const start = parseClock(byId("correctIn").value), end = parseClock(byId("correctOut").value), raw = byId("correctText").value.split("\n").map((line) => line.trim()).filter(Boolean).join("\n");
    if (start === null || end === null || end <= start) { byId("correctWrong").textContent = "Times are such as 01:02:03.500, and the second is the later one."; return; }
    const lines = raw.split("\n");
    state.saved = false;
    Object.assign(cue, { raw, start, end, edited: true, hand: true, flags: [], lines: lines.map((line) => line.replace(/<\/?[ibu]>/gi, "")), italic: lines.flatMap((line, n) => (/^<i>.*<\/i>$/i.test(line) ? [n] : [])) });
    cue.characters = [...cue.lines.join(" ")].length;
    cue.speed = (data.tracks[state.track].unit === "words/min" ? cue.lines.join(" ").split(/\s+/).length * 60 : cue.characters) / ((end - start) / 1000);
    data.tracks[state.track].cues.sort((a, b) => a.start - b.start);
    overviewPicture = null;
    box.close();
    showCorrections();
    reloadTrack();
    const top = byId("rows").scrollTop;
    choose();
    byId("rows").scrollTop = top;
    tick();
  };
  box.showModal();
  byId("correctText").focus();
}
function reloadTrack() {
  const shown = video.textTracks[state.track];
  if (!shown) return;
  while (shown.cues?.length) shown.removeCue(shown.cues[0]);
  for (const cue of data.tracks[state.track].cues) if (cue.lines.join("")) shown.addCue(vttCue(cue));
}
function showCorrections() {
  const track = data.tracks[state.track], count = track ? changedCues(track).length : 0;
  byId("corrections").hidden = !count;
  byId("correctionsCount").textContent = `${count} corrected, not in the film yet`;
}
function saveCorrections() {
  const track = data.tracks[state.track];
  const text = track.cues.filter((cue) => cue.lines.join("").trim()).map((cue, n) => `${n + 1}\n${srtClock(cue.start)} --> ${srtClock(cue.end)}\n${rawOf(cue)}\n`).join("\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/x-subrip" }));
  link.download = `${data.title.replace(/[\\/:*?"<>|\x00-\x1f]+/g, " ").trim() || "film"}.${track.language}.srt`;
  link.click();
  state.saved = true;
}

/* Figures. */
function drawScore() {
  const track = data.tracks[state.track];
  /* What a film does not have needs no explanation. */
  for (const mark of document.querySelectorAll(".legend [data-of]")) mark.hidden = !(track && track[mark.dataset.of].length);
  const found = track && track.headline;
  put(byId("score"), !found ? "" : found.figures.length
    ? [...found.figures.map(([label, share, graded]) => html`<div><b class="${graded}">${percent(share)}</b><small>${label}</small></div>`),
      found.loud && html`<div title="somebody could speak there unheard; nothing was heard. No fault: most films have loud music"><b class="none">${found.loud}</b><small>other sound louder than speech</small></div>`]
    : html`<div><b class="none">–</b><small>${found.told}</small></div>`);
}
function histogram(caption, values, limits, unit, step) {
  const most = Math.max(...values, ...limits.map((limit) => limit * 1.15), step), bins = new Array(Math.ceil(most / step) + 1).fill(0);
  for (const value of values) bins[Math.max(0, Math.floor(value / step))] += 1;
  const top = Math.max(1, ...bins), width = 100 / bins.length;
  const bars = bins.map((count, n) => html`<rect x="${(n * width).toFixed(2)}" width="${(width * 0.86).toFixed(2)}" y="${(52 - (50 * count) / top).toFixed(1)}" height="${((50 * count) / top).toFixed(1)}" fill="var(--cue)"><title>${(n * step).toFixed(1)} to ${((n + 1) * step).toFixed(1)} ${unit}: ${count}</title></rect>`);
  const marks = limits.map((limit) => html`<line x1="${((limit / step) * width).toFixed(2)}" x2="${((limit / step) * width).toFixed(2)}" y1="0" y2="52" stroke="var(--bad)" stroke-width=".6" stroke-dasharray="2 1.5"/>`);
  const sorted = [...values].sort((a, b) => a - b), middle = sorted.length ? sorted[Math.floor(sorted.length / 2)].toFixed(1) : "–";
  return html`<figure><figcaption><span>${caption}</span><span>median ${middle} ${unit}</span></figcaption><svg viewBox="0 0 100 54" preserveAspectRatio="none">${bars}<line x1="0" x2="100" y1="52.4" y2="52.4" stroke="var(--line)" stroke-width=".8"/>${marks}</svg></figure>`;
}
function drawCharts() {
  const track = data.tracks[state.track];
  if (!track) return;
  const cues = track.cues, gaps = cues.slice(1).map((cue, n) => (cue.start - cues[n].end) / 1000).filter((gap) => gap < 3);
  put(byId("charts"), [
    histogram("reading speed", cues.map((cue) => cue.speed), [track.limit], track.unit, track.unit === "words/min" ? 10 : 1),
    histogram("duration", cues.map((cue) => (cue.end - cue.start) / 1000), [track.shortest / 1000, track.longest / 1000], "s", 0.25),
    histogram("longest line", cues.map((cue) => Math.max(...cue.lines.map((line) => [...line].length))), [track.width], "characters", 2),
    histogram("gap to the next cue", gaps, [track.gap / 1000], "s", 0.1),
  ]);
}
/* The way of the words: a bar for each place of it, as long as there are words; what was taken out by which rule; and in red what nothing explains. */
function drawWords() {
  const track = data.tracks[state.track], way = track && track.words;
  if (!way || !way.steps.length) return put(byId("words"), "");
  const most = Math.max(1, ...way.steps.map((step) => step.words)), height = 17;
  /* A note that has no room beside its step stands below it. */
  const isLong = (step) => step.note && step.what.length + step.note.length > 54;
  let below = 0;
  const tops = way.steps.map((step, n) => { const top = (n + below) * height; below += isLong(step) ? 1 : 0; return top; });
  const bar = (step, n) => {
    const size = (step.words / most) * 150, title = `${step.stage}: ${step.words} ${step.what}${step.note ? ` (${step.note})` : ""}`;
    return html`<g><title>${title}</title><rect x="${(75 - size / 2).toFixed(1)}" width="${size.toFixed(1)}" y="${tops[n]}" height="${height - 3}" rx="3" fill="${way.unexplained.length ? "var(--bad)" : "var(--cue)"}" opacity="${(0.35 + (0.5 * n) / way.steps.length).toFixed(2)}"/><text class="n" x="75" y="${tops[n] + 11}" text-anchor="middle">${step.words}</text><text x="158" y="${tops[n] + 11}">${step.what} ${step.note && (isLong(step) ? html`<tspan class="soft" x="158" dy="${height - 3}">${step.note}</tspan>` : html`<tspan class="soft">· ${step.note}</tspan>`)}</text></g>`;
  };
  const at = (ms) => (ms === null ? "" : html`<button type="button" data-at="${ms}">${clock(ms)}</button>`);
  const taken = way.rules.map((rule) => html`<li><details><summary><b>− ${rule.words}</b> ${rule.rule}</summary>${rule.places.map(([ms, text, why]) => html`<div>${at(ms)} <b>${text}</b> ${why}</div>`)}</details></li>`);
  const wrong = way.unexplained.map((item) => html`<li class="bad"><b>${item.how === "lost" ? "−" : "+"} ${item.words} ${item.how} without a record</b> in ${item.stage} ${at(item.start_ms)} ${item.text}</li>`);
  const told = way.unexplained.length ? html`<span class="bad">not all accounted for</span>` : html`<span class="good">each accounted for</span>`;
  put(byId("words"), html`<figure class="funnel"><figcaption><span>words, from what was heard to the cues</span>${told}</figcaption><svg viewBox="0 0 480 ${(way.steps.length + below) * height}">${way.steps.map(bar)}</svg><ul>${wrong}${taken}</ul></figure>`);
  byId("words").querySelectorAll("button[data-at]").forEach((button) => { button.onclick = () => seek(Number(button.dataset.at)); });
}
function drawRules() {
  const track = data.tracks[state.track];
  const row = (rule, share) => html`<tr><td>${rule.rule}</td><td class="n ${track.cues.length ? grade(share) : "none"}">${percent(share)}</td><td>${share < 1 ? rule.level : ""}</td><td>${rule.source}</td></tr>`;
  put(byId("rules"), track ? html`<p class="sub">${data.profile}, at ${data.frameRate.toFixed(3)} frames a second</p><table>${track.rules.map((rule) => row(rule, track.within[rule.rule]))}</table>` : "");
}
function drawFacts() {
  byId("title").textContent = data.title;
  byId("subtitle").textContent = data.subtitle;
  put(byId("facts"), html`<table>${data.facts.map(([key, value]) => html`<tr><th>${key}</th><td>${value}</td></tr>`)}</table>`);
  const row = (stage) => html`<tr><td>${stage.name}</td><td>${stage.status}</td><td class="n">${stage.seconds.toFixed(1)} s</td><td>${stage.used}</td></tr>`;
  put(byId("stages"), html`<table><tr><th>stage</th><th>status</th><th>time</th><th>models and programs</th></tr>${data.stages.map(row)}</table>`);
}

/* Begin. */
byId("correctionsSave").onclick = saveCorrections;
byId("correctCancel").onclick = () => byId("correct").close();
window.addEventListener("beforeunload", (event) => { if (!state.saved && data.tracks.some((track) => changedCues(track).length)) event.preventDefault(); });
put(byId("tracks"), [
  data.tracks.map((track) => html`<button role="tab">${track.name}<small>${track.cues.length}</small></button>`),
  data.tracks.length ? html`<button role="tab">no subtitles</button>` : "",
]);
byId("tracks").querySelectorAll("button").forEach((button, number) => {
  button.onclick = () => (number < data.tracks.length ? showTrack(number) : ([...video.textTracks].forEach((t) => { t.mode = "hidden"; })));
});
put(byId("filters"), Object.entries(filters).map(([key, [label]]) => html`<button role="tab" data-filter="${key}">${label}<small></small></button>`));
byId("filters").querySelectorAll("button").forEach((button) => { button.onclick = () => { state.filter = button.dataset.filter; state.now = -1; choose(); tick(); }; });
byId("search").oninput = (event) => { state.search = event.target.value; state.now = -1; choose(); tick(); };
byId("rows").onscroll = () => requestAnimationFrame(drawRows);
byId("detail").onclick = (event) => seek(time() + (event.offsetX / byId("detail").clientWidth - 0.4) * state.view);
byId("overview").onclick = (event) => seek((event.offsetX / byId("overview").clientWidth) * data.duration);
byId("detail").addEventListener("wheel", (event) => { event.preventDefault(); state.view = Math.min(600000, Math.max(4000, state.view * (event.deltaY > 0 ? 1.25 : 0.8))); drawDetail(); }, { passive: false });
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, textarea, video, button, summary")) return;
  if (event.key === "Enter" && state.rows[state.now]?.cue) { event.preventDefault(); return correct(state.rows[state.now]); }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === " " && video.src) { event.preventDefault(); video.paused ? video.play() : video.pause(); }
  if (step) { event.preventDefault(); const row = state.rows[Math.min(state.rows.length - 1, Math.max(0, state.now + step))]; if (row) seek(row.start); }
});
video.ontimeupdate = tick;
video.onseeked = tick;
video.onloadedmetadata = tick;
video.onplay = () => { const frame = () => { if (video.paused) return; tick(); requestAnimationFrame(frame); }; frame(); };
video.onerror = () => { byId("nomedia").hidden = false; video.hidden = true; };
window.onresize = () => { overviewPicture = null; drawRows(); tick(); };
matchMedia("(prefers-color-scheme: dark)").onchange = () => { colours.clear(); overviewPicture = null; tick(); };
if (data.poster) video.poster = data.poster;
if (data.media) video.src = data.media;
else { byId("nomedia").hidden = false; video.hidden = true; }
drawFacts();
loadTracks();
showTrack(0);
