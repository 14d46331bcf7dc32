/**
 * A Prettier plugin that formats JSON with comments through jsonc-parser, which GraphiQL carries anyway. It stands in
 * for Prettier's own JSON support, which comes only with all of Babel and estree: half a megabyte to indent variables.
 */
import { applyEdits, format } from 'jsonc-parser';

const AST_FORMAT = 'hub-jsonc';
const OPTIONS = { insertSpaces: true, tabSize: 2, eol: '\n' };

export const parsers = {
  jsonc: {
    astFormat: AST_FORMAT,
    parse: (text) => ({ text: applyEdits(text, format(text, undefined, OPTIONS)), end: text.length }),
    locStart: () => 0,
    locEnd: (node) => node.end,
  },
};

export const printers = {
  [AST_FORMAT]: { print: (path) => path.node.text },
};
