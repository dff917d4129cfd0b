"""Measure the page where films are finished with a long film: 5,000 cues in three languages over three hours.

Chromium says how long its main thread is at each step of scrolling, dragging, zooming, and at each keystroke, first
with the page's own work alone, then with drawing. The times between frames (requestAnimationFrame) are what a person
sees. All of them grow where others use the machine, and without a graphics card the processor draws.

Usage: python benchmarks/review_page.py [--cues N]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "scripts"))

STEPS = """
const cost = async (act, times) => {
  const before = await tab.metrics();
  await tab.evaluate(() => {
    window.frames_ = []; window.on_ = true; let last = performance.now();
    const next = (now) => { window.frames_.push(now - last); last = now; if (window.on_) requestAnimationFrame(next); };
    requestAnimationFrame(next);
  });
  await act();
  const frames = await tab.evaluate(() => {
    window.on_ = false;
    return window.frames_.slice(2).sort((a, b) => a - b);
  });
  const after = await tab.metrics(), part = (name) => ((after[name] - before[name]) * 1000) / times;
  const work = part("ScriptDuration") + part("LayoutDuration") + part("RecalcStyleDuration");
  return { work, all: part("TaskDuration"),
    median: frames[frames.length >> 1], high: frames[Math.floor(frames.length * 0.95)] };
};
const ready = () => tab.waitForFunction(
  () => document.documentElement.dataset.ready === "1" && document.querySelectorAll("#space .row").length > 3,
  { timeout: 170000 });
await ready();
await tab.reload({ waitUntil: "domcontentloaded" });
await ready();
const made = {};
made.load = await tab.evaluate(() => {
  const asked = performance.getEntriesByType("resource").find((entry) => /\\/api\\/films\\/[^/]+$/.test(entry.name));
  const paint = performance.getEntriesByType("paint").find((entry) => entry.name === "first-contentful-paint");
  return { paint: paint.startTime, document: asked.responseEnd - asked.startTime, ready: performance.now() };
});
const box = await (await tab.$("#wave")).boundingBox(), y = box.y + box.height - 40;
made.scroll = await cost(() => tab.evaluate(async () => {
  const rows = document.getElementById("rows");
  for (let n = 0; n < 120; n += 1) { rows.scrollTop += 400; await new Promise(requestAnimationFrame); }
}), 120);
await tab.evaluate(() => { document.getElementById("rows").scrollTop = 0; });
await sleep(300);
made.drag = await cost(async () => {
  await tab.mouse.move(box.x + 300, y);
  await tab.mouse.down();
  for (let n = 0; n < 120; n += 1) await tab.mouse.move(box.x + 300 + n * 2, y);
}, 120);
await tab.mouse.up();
await sleep(500);
await tab.keyboard.down("Alt");
const wheel = (by) => async () => { for (let n = 0; n < 60; n += 1) await tab.mouse.wheel({ deltaY: by }); };
made.zoom = await cost(wheel(120), 60);
made["zoom back"] = await cost(wheel(-120), 60);
await tab.keyboard.up("Alt");
await tab.evaluate(() => document.getElementById("rows").focus());
await tab.keyboard.press("Enter");
made.keystroke = await cost(async () => { for (let n = 0; n < 60; n += 1) await tab.keyboard.press("x"); }, 60);
return made;
"""


def main() -> None:
    """Make the film, open it twice, measure the second time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cues", type=int, default=5000, help="cues in each language")
    options = parser.parse_args()
    import browse
    import reviewing
    from workflow.project import new_project
    from workflow.test_review_in_a_browser import _server

    with tempfile.TemporaryDirectory() as place:
        project = new_project(Path(place) / "project")
        job = reviewing.make_job(project.root / "out", count=options.cues, languages=("en", "hi", "ur"))
        with _server(project.root, job, Path(place)) as (address, _):
            found = browse.visit(address, STEPS, Path(place), seconds=500).result
    load = found.pop("load")
    print(f"{options.cues} cues in 3 languages: first paint {load['paint']:.0f} ms, the document came in ", end="")
    print(f"{load['document']:.0f} ms, all drawn after {load['ready']:.0f} ms")
    print(f"{'':10} {'page ms':>8} {'with drawing':>13} {'between frames':>15} {'95 %':>6}")
    for name, cost in found.items():
        print(f"{name:10} {cost['work']:8.1f} {cost['all']:13.1f} {cost['median']:15.1f} {cost['high']:6.1f}")


if __name__ == "__main__":
    main()
