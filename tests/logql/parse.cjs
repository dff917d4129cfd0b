// Parse LogQL by Loki's own grammar for editors: a JSON list of queries on standard input, a list of trees out.
// A node is {name, text, error, children}; where the grammar had to guess, a node has error: true.
const fs = require("fs");
const path = require("path");
const { parser } = require(path.join(process.env.SAMVAD_LOGQL_MODULES, "@grafana", "lezer-logql"));

function node(cursor, query) {
  const made = {
    name: cursor.name,
    text: query.slice(cursor.from, cursor.to),
    error: cursor.type.isError,
    children: [],
  };
  if (cursor.firstChild()) {
    do {
      made.children.push(node(cursor, query));
    } while (cursor.nextSibling());
    cursor.parent();
  }
  return made;
}

const queries = JSON.parse(fs.readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(queries.map((query) => node(parser.parse(query).cursor(), query))));
