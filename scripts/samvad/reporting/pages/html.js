"use strict";
/* What a page is made of: texts in its data come from anybody. html`…` escapes every value that is not itself made by it. */
class Made {
  constructor(text) { this.text = text; }
}
const SIGNS = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "`": "&#96;" };
const escaped = (value) => {
  if (value instanceof Made) return value.text;
  if (Array.isArray(value)) return value.map(escaped).join("");
  return value === null || value === undefined ? "" : String(value).replace(/[&<>"'`]/g, (sign) => SIGNS[sign]);
};
const html = (parts, ...values) => new Made(parts.map((part, n) => (n ? escaped(values[n - 1]) : "") + part).join(""));
/* The one place that parses: whatever html`…` has not made is shown as text. Widths are set here: no style is in a text. */
const put = (element, content) => {
  element.innerHTML = escaped(content);
  for (const bar of element.querySelectorAll("[data-width]")) bar.style.width = `${Number(bar.dataset.width) || 0}%`;
  for (const box of element.querySelectorAll("[data-picture]")) box.style.backgroundImage = `url(${JSON.stringify(box.dataset.picture)})`;
};
