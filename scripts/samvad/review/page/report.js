/** A film's report, or its run's, in a frame that reaches nothing of this page; and the way back. */
import { at, get } from "./api.js";
import { byId, h } from "./dom.js";

const [id, kind] = location.pathname.split("/").slice(-2), film = at(`/film/${id}`), name = kind === "run" ? "Run" : "Report";
byId("film").href = film;
byId("save").href = `${film}/${kind}/file?save=1`;
try {
  const found = await get(`/api/films/${id}/reports`);
  byId("title").textContent = `${found.title} · ${name}`;
  document.title = `${name}: ${found.title} · Samvad`;
  byId("film").hidden = !found.page;
  for (const [key, address] of [["report", found.report], ["run", found.runReport]]) {
    byId(key).hidden = !address;
    if (address) byId(key).href = at(address);
  }
  byId(kind).setAttribute("aria-current", "page");
  const frame = h("iframe", { title: `${name} of ${found.title}`, src: `${film}/${kind}/file` });
  frame.onload = () => { document.documentElement.dataset.ready = "1"; };
  byId("place").append(frame);
} catch (error) {
  const { message, remedy } = /** @type {any} */ (error);
  byId("notice").hidden = false;
  byId("notice").textContent = `${message}. ${remedy || ""}`;
}
