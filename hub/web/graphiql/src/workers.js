/**
 * Start Monaco's background workers from files of our own origin; without this Monaco would parse on the main thread.
 */
import EditorWorker from 'monaco-editor/esm/vs/editor/editor.worker.js?worker';
import JsonWorker from 'monaco-editor/esm/vs/language/json/json.worker.js?worker';
import GraphQLWorker from 'monaco-graphql/esm/graphql.worker.js?worker';

const WORKERS = { json: JsonWorker, graphql: GraphQLWorker };

globalThis.MonacoEnvironment = {
  getWorker(_workerId, label) {
    return new (WORKERS[label] ?? EditorWorker)();
  },
};
