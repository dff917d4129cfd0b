// Print what imsc.js, the player of TTML that browsers' players use, shows of documents, and when.
// usage: node show.cjs NODE_MODULES <a JSON list of documents >a JSON list: {intervals, errors} or {refused}
const { createRequire } = require("node:module");
const path = require("node:path");
const fs = require("node:fs");

const imsc = createRequire(path.join(process.argv[2], "x.js"));
// The renderer is left out: it wants a browser.
const { fromXML } = imsc("imsc/src/main/js/doc.js");
const { generateISD } = imsc("imsc/src/main/js/isd.js");

const textOf = (part) =>
  part.kind === "br" ? "\n" : "text" in part ? part.text : (part.contents || []).map(textOf).join("") + (part.kind === "p" ? "\n" : "");

const STYLE = "http://www.w3.org/ns/ttml#styling ";
const kindsOf = ({ styleAttrs }) =>
  (styleAttrs[STYLE + "fontStyle"] === "normal" ? "" : "i") +
  (styleAttrs[STYLE + "fontWeight"] === "bold" ? "b" : "") +
  (styleAttrs[STYLE + "textDecoration"].includes("underline") ? "u" : "");

// Each word of letters and a number, such as w12, with how it is set: i, b, u.
const wordsOf = (part) =>
  "text" in part
    ? (part.text.match(/[a-z]+\d+/g) || []).map((word) => [word, kindsOf(part)])
    : (part.contents || []).flatMap(wordsOf);

const show = (document) => {
  const errors = [];
  const note = (message) => void errors.push(message);
  const handler = { info: note, warn: note, error: note, fatal: note };
  try {
    const read = fromXML(document, handler);
    const times = read.getMediaTimeEvents();
    const intervals = times.map((begin, number) => {
      const { contents } = generateISD(read, begin, handler);
      return { begin, end: times[number + 1] ?? null, texts: contents.map(textOf), words: contents.flatMap(wordsOf) };
    });
    return { intervals, errors };
  } catch (error) {
    return { refused: String(error) };
  }
};

process.stdout.write(JSON.stringify(JSON.parse(fs.readFileSync(0, "utf8")).map(show)));
