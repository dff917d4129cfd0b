// Run steps in a page in headless Chromium and print what they return as JSON, with every message of the console.
// usage: node browse.mjs NODE_MODULES CHROMIUM PAGE-OR-ADDRESS STEPS.mjs [SCREENSHOT.png [WIDTHxHEIGHT [dark]]]
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";

const [modules, chromium, page, steps, picture, size = "1440x1000", scheme = "light"] = process.argv.slice(2);
const require = createRequire(path.join(modules, "x.js"));
const puppeteer = require("puppeteer-core");
const [width, height] = size.split("x").map(Number);
const browser = await puppeteer.launch({
  executablePath: chromium,
  args: ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required", "--mute-audio"],
  defaultViewport: { width, height },
});
try {
  const tab = await browser.newPage();
  await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  const said = [];
  tab.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
  tab.on("pageerror", (error) => said.push(`error: ${error.message}`));
  const requests = [];
  tab.on("request", (request) => request.url().startsWith("data:") || requests.push(request.url()));
  await tab.goto(/^http:/.test(page) ? page : pathToFileURL(page).href, { waitUntil: "load" });
  const { default: run } = await import(pathToFileURL(path.resolve(steps)).href);
  const result = await run(tab);
  if (picture) await tab.screenshot({ path: picture });
  process.stdout.write(JSON.stringify({ result: result ?? null, said, requests }));
} finally {
  await browser.close();
}
