// Filter the films of a shelf. Everything else works without a script.
(() => {
  const panel = document.querySelector(".filter");
  const rows = [...document.querySelectorAll(".row.run")];
  if (!panel || rows.length < 2) return;
  const find = document.getElementById("find");
  const bad = document.getElementById("bad");
  const shown = document.getElementById("shown");
  const days = [...document.querySelectorAll("details.day")];
  const openAtFirst = days.map((day) => day.open);
  panel.hidden = false;

  function apply() {
    const words = find.value.trim().toLowerCase();
    const filtered = words !== "" || bad.checked;
    let count = 0;
    for (const row of rows) {
      const fits = row.dataset.name.includes(words) && (!bad.checked || "bad" in row.dataset);
      row.hidden = !fits;
      row.style.display = fits ? "" : "none";
      count += fits;
    }
    days.forEach((day, index) => {
      const some = [...day.querySelectorAll(".row.run")].some((row) => !row.hidden);
      day.style.display = some ? "" : "none";
      day.open = filtered ? some && count <= 400 : openAtFirst[index];
    });
    shown.textContent = filtered ? `${count} of ${rows.length} runs` : "";
  }

  let waiting;
  find.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 120); });
  bad.addEventListener("change", apply);
})();
