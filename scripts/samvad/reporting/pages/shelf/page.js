const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const state = { status: "all", search: "", order: "date" };
const grades = ["bad", "none", "warn", "good"];
const names = { bad: "look at it", none: "no verdict", warn: "look it over", good: "good" };
const worst = (film) => Math.min(grades.length, ...film.tracks.map((track) => grades.indexOf(track.grade)));
const statuses = { all: () => true, done: (film) => film.status === "success", failed: (film) => film.status === "failed", "to do": (film) => !["success", "failed"].includes(film.status) };
const orders = {
  date: (a, b) => b.job.localeCompare(a.job, undefined, { numeric: true }),
  title: (a, b) => a.title.localeCompare(b.title),
  worth: (a, b) => worst(a) - worst(b),
};

function card(film) {
  const picture = film.poster ? html`<div class="picture" data-picture="${film.poster}"></div>` : html`<div class="picture" aria-hidden="true">♪</div>`;
  const tracks = film.tracks.map((track) => html`<div><span>${track.name}, ${track.cues} cues${track.corrected ? ", corrected" : ""}${track.approved ? `, ${track.approved}` : ""}</span><span class="${track.grade}" title="${track.told}">${track.cues ? names[track.grade] : "no cues"}</span></div><p class="told">${track.told}</p>`);
  const status = film.status === "success" ? "" : film.status === "failed" ? html`<p class="error">${film.error || "failed"}</p>` : html`<p class="warn">${film.status}</p>`;
  const inside = html`${picture}<div class="text"><h2>${film.title}</h2><p>${film.about}</p>${status}<div class="tracks">${tracks}</div></div>`;
  return film.report ? html`<a class="film" href="${film.report}">${inside}</a>` : html`<div class="film">${inside}</div>`;
}
function draw() {
  const needle = state.search.toLocaleLowerCase();
  const found = data.films.filter((film) => statuses[state.status](film) && (!needle || (film.title + " " + film.about).toLocaleLowerCase().includes(needle))).sort(orders[state.order]);
  put(byId("films"), found.map(card));
  byId("empty").hidden = found.length > 0;
  byId("status").querySelectorAll("button").forEach((button) => button.setAttribute("aria-selected", String(button.dataset.status === state.status)));
}
byId("sum").textContent = `${data.films.length} ${data.films.length === 1 ? "film" : "films"}, ${data.films.reduce((sum, film) => sum + film.tracks.reduce((cues, track) => cues + track.cues, 0), 0)} cues`;
put(byId("status"), Object.entries(statuses).map(([name, test]) => html`<button role="tab" data-status="${name}">${name}<small>${data.films.filter(test).length}</small></button>`));
byId("status").querySelectorAll("button").forEach((button) => { button.onclick = () => { state.status = button.dataset.status; draw(); }; });
byId("search").oninput = (event) => { state.search = event.target.value; draw(); };
byId("order").onchange = (event) => { state.order = event.target.value; draw(); };
draw();
