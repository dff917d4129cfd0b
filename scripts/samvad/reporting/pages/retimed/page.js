const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const video = byId("video");
const state = { verdict: null };
const MOST = 2000;

const clock = (ms) => {
  const seconds = Math.max(0, ms) / 1000, two = (n) => String(Math.floor(n)).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}.${String(Math.floor(ms % 1000)).padStart(3, "0")}`;
};
const seconds = (ms) => (ms < 0 ? "−" : "+") + (Math.abs(ms) / 1000).toFixed(2) + " s";
const shiftOf = (cue) => (cue.after ? cue.after[0] - cue.before[0] : null);
const count = (number) => data.cues.filter((cue) => cue.verdict === number).length;

byId("title").textContent = data.name;
byId("subtitle").textContent = `${data.cues.length} cues · by ${data.by === "words" ? "the words of file and film" : "when somebody speaks"} · ${Math.round(data.sure * 100)} % of what was compared fits` + (data.rate ? ` · ${data.rate}` : "");
put(byId("legend"), data.verdicts.map((name, number) => (count(number) ? html`<span><i class="dot ${"v" + number}"></i>${name} ${count(number)}</span>` : html``)));
put(byId("filters"), [html`<button aria-pressed="true" data-verdict="">all ${data.cues.length}</button>`, ...data.verdicts.map((name, number) => (count(number) ? html`<button aria-pressed="false" data-verdict="${number}">${name} ${count(number)}</button>` : html``))]);
byId("filters").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  state.verdict = button.dataset.verdict === "" ? null : Number(button.dataset.verdict);
  for (const other of byId("filters").querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
  drawRows();
});
function drawRows() {
  const shown = data.cues.filter((cue) => state.verdict === null || cue.verdict === state.verdict);
  const rows = shown.slice(0, MOST).map((cue) => html`<tr><td>${clock(cue.before[0])}</td><td>${cue.after ? html`<button data-at="${cue.after[0]}">${clock(cue.after[0])}</button>` : "–"}</td><td>${cue.after ? seconds(shiftOf(cue)) : ""}</td><td class="${"v" + cue.verdict}">${data.verdicts[cue.verdict]}${cue.offered === null ? "" : html`: <button data-at="${cue.offered}">${clock(cue.offered)}</button>?`}</td><td>${cue.lines.join(" ")}</td></tr>`);
  if (shown.length > MOST) rows.push(html`<tr><td colspan="5">… and ${shown.length - MOST} more</td></tr>`);
  put(byId("rows"), rows);
}
byId("rows").addEventListener("click", (event) => {
  const button = event.target.closest("button[data-at]");
  if (button) play(Number(button.dataset.at));
});
function play(ms) {
  if (!data.media) return;
  video.currentTime = Math.max(0, ms / 1000 - 1);
  video.play().catch(() => {});
}
if (data.media) video.src = data.media; else byId("player").hidden = true;
video.addEventListener("timeupdate", () => {
  const at = video.currentTime * 1000;
  const lines = (key) => data.cues.filter((cue) => cue[key] && cue[key][0] <= at && at < cue[key][1]).map((cue) => cue.lines.join(" ")).join(" / ");
  byId("before").textContent = lines("before");
  byId("after").textContent = lines("after");
});

/* The picture: the film from left to right, a dot a cue at the height of its shift, offered places as rings. */
const canvas = byId("shift");
function draw() {
  const scale = devicePixelRatio || 1, width = canvas.clientWidth, height = 220;
  canvas.width = width * scale;
  canvas.height = height * scale;
  const paint = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
  paint.scale(scale, scale);
  const moved = data.cues.filter((cue) => cue.after), shifts = moved.map(shiftOf);
  let low = Math.min(0, ...shifts), high = Math.max(0, ...shifts);
  const pad = Math.max(250, (high - low) * 0.12);
  low -= pad;
  high += pad;
  const x = (ms) => 46 + (ms / Math.max(1, data.duration)) * (width - 56), y = (ms) => 8 + ((high - ms) / (high - low)) * (height - 30);
  paint.font = "11px system-ui, sans-serif";
  const step = [100, 250, 500, 1000, 2000, 5000, 10000, 30000, 60000, 300000].find((one) => (high - low) / one <= 6) || 600000;
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) {
    paint.fillStyle = style.getPropertyValue(value ? "--line" : "--soft");
    paint.fillRect(46, Math.round(y(value)), width - 56, 1);
    paint.fillStyle = style.getPropertyValue("--soft");
    paint.textAlign = "right";
    paint.fillText((value / 1000).toFixed(step < 1000 ? 1 : 0) + " s", 42, y(value) + 4);
  }
  paint.textAlign = "center";
  for (let part = 0; part <= 4; part += 1) paint.fillText(clock((data.duration * part) / 4).replace(/\.\d+$/, ""), Math.min(width - 24, Math.max(60, x((data.duration * part) / 4))), height - 6);
  for (const cue of moved) {
    paint.fillStyle = style.getPropertyValue("--v" + cue.verdict);
    paint.beginPath();
    paint.arc(x(cue.after[0]), y(shiftOf(cue)), 2.5, 0, 7);
    paint.fill();
  }
  paint.strokeStyle = style.getPropertyValue("--v5");
  for (const cue of data.cues.filter((one) => !one.after)) {
    paint.beginPath();
    paint.moveTo(x(cue.before[0]) - 3, height - 26);
    paint.lineTo(x(cue.before[0]) + 3, height - 20);
    paint.moveTo(x(cue.before[0]) + 3, height - 26);
    paint.lineTo(x(cue.before[0]) - 3, height - 20);
    paint.stroke();
  }
}
canvas.addEventListener("click", (event) => {
  const box = canvas.getBoundingClientRect();
  play(((event.clientX - box.left - 46) / (box.width - 56)) * data.duration);
});
addEventListener("resize", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
drawRows();
draw();
