import { parse, print, visit } from 'graphql';

const FRAGMENT = '#query=';
const LONGEST_LINK = 8000;
const LONG_NUMBER = /\d{6,}/;

/** Why a query cannot be put into a link, or null: what was typed into it may be somebody's identifier, and belongs into the variables. */
export function findPersonalPart(document) {
  let found = null;
  visit(document, {
    StringValue(node, key) {
      if (key !== 'description') found ??= node.value;
    },
    IntValue(node) {
      if (LONG_NUMBER.test(node.value)) found ??= node.value;
    },
  });
  return found;
}

/**
 * The address that opens a query here, without variables, headers, comments and answers. It stands behind the #, which browsers do not
 * send: no log has it. Throws an Error in words if the query is no GraphQL, has a value of its own, or is too long.
 */
export function makeLink(query, address) {
  let document;
  try {
    document = parse(query);
  } catch (error) {
    throw new Error(`Truy vấn chưa đúng cú pháp. / The query cannot be parsed: ${error.message}`);
  }
  if (findPersonalPart(document) !== null) {
    throw new Error('Chuyển các giá trị trong truy vấn sang biến trước khi chia sẻ. / Move the values in the query into variables first: a link must hold nobody’s data.');
  }
  const link = `${address}${FRAGMENT}${encodeURIComponent(print(document))}`;
  if (link.length > LONGEST_LINK) throw new Error('Truy vấn quá dài cho một liên kết. / The query is too long for a link.');
  return link;
}

/** The query that the address of this page brings along, taken out of it; null if there is none, or it is no GraphQL. */
export function takeSharedQuery() {
  if (!location.hash.startsWith(FRAGMENT)) return null;
  const text = location.hash.slice(FRAGMENT.length);
  history.replaceState(history.state, '', `${location.pathname}${location.search}`);
  try {
    return print(parse(decodeURIComponent(text)));
  } catch {
    return null;
  }
}

const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

function readJson(text) {
  if (!text.trim()) return {};
  const value = JSON.parse(text);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new Error();
  return value;
}

/** The request as a curl command, with the place of a token. A token in the header editor is not copied. Throws an Error in words. */
export function makeCurl({ query, variables, headers }, endpoint) {
  let given, sent;
  try {
    given = readJson(variables);
    sent = readJson(headers);
  } catch {
    throw new Error('Biến hoặc tiêu đề chưa đúng JSON. / Variables or headers are no JSON object.');
  }
  const body = Object.keys(given).length ? { query, variables: given } : { query };
  const shown = Object.entries(sent).filter(([name]) => !/^(authorization|cookie|content-type)$/i.test(name));
  return [
    `curl -sS ${quote(endpoint)}`,
    `-H "authorization: Bearer $HUB_TOKEN"`,
    `-H 'content-type: application/json'`,
    ...shown.map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`),
    `-d ${quote(JSON.stringify(body))}`,
  ].join(' \\\n  ');
}
