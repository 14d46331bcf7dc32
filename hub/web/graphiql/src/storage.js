/**
 * Where GraphiQL keeps its state. Queries, variables and history can hold identifiers of people, so they live in this
 * browser tab only and are gone when it is closed; the theme and the widths of the panes are kept for good.
 */
const KEPT = new Set(['graphiql:theme', 'graphiql:docExplorerFlex', 'graphiql:editorFlex', 'graphiql:secondaryEditorFlex']);
const PREFIX = 'graphiql:';

// Side panel to editors, as 2 : 7. GraphiQL's own 1 : 3 cuts ordinary queries off on a 1366-pixel screen.
const DEFAULTS = { 'graphiql:docExplorerFlex': '0.29' };

const areaOf = (key) => (KEPT.has(key) ? localStorage : sessionStorage);
const ownKeys = (area) => Object.keys(area).filter((key) => key.startsWith(PREFIX));

export const storage = {
  getItem: (key) => areaOf(key).getItem(key) ?? DEFAULTS[key] ?? null,
  setItem: (key, value) => areaOf(key).setItem(key, value),
  removeItem: (key) => areaOf(key).removeItem(key),
  get length() {
    return ownKeys(localStorage).length + ownKeys(sessionStorage).length;
  },
  clear() {
    for (const area of [localStorage, sessionStorage]) {
      for (const key of ownKeys(area)) area.removeItem(key);
    }
  },
};
