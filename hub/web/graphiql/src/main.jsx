import './workers.js';
import '@graphiql/react/style.css';
import 'graphiql/graphiql.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import '@graphiql/plugin-explorer/style.css';
import './page.css';
import { explorerPlugin } from '@graphiql/plugin-explorer';
import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import { Identity } from './identity.jsx';
import { takeSharedQuery } from './sharing.js';
import { startersPlugin } from './starters.jsx';
import { storage } from './storage.js';
import { SharingTools } from './tools.jsx';

const ACCEPT = 'application/graphql-response+json, application/json;q=0.9';

/** Turn a path of this server into the address of its WebSocket; undefined where there is none. */
function webSocketUrl(path) {
  if (!path) return undefined;
  const url = new URL(path, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

/** What the editors hold at the very start: a query that the address brings; else nothing where a state of this tab is to be restored. */
function initialEditors(starters) {
  const shared = takeSharedQuery();
  if (shared !== null) {
    storage.removeItem('graphiql:tabState');
    return { initialQuery: shared };
  }
  const [first] = starters;
  if (!first || storage.getItem('graphiql:tabState')) return {};
  return {
    initialQuery: first.query,
    initialVariables: first.variables || undefined,
    initialHeaders: first.headers || undefined,
  };
}

function start(root, { endpoint, subscriptionEndpoint, starters, identity }) {
  const fetcher = createGraphiQLFetcher({
    url: endpoint,
    subscriptionUrl: webSocketUrl(subscriptionEndpoint),
    enableIncrementalDelivery: false,
    headers: { accept: ACCEPT },
  });
  const startersPanel = startersPlugin(starters);
  const plugins = [
    ...(starters.length ? [startersPanel] : []),
    explorerPlugin({ showAttribution: false }),
    HISTORY_PLUGIN,
  ];
  createRoot(root).render(
    <GraphiQL
      fetcher={fetcher}
      storage={storage}
      plugins={plugins}
      visiblePlugin={starters.length ? startersPanel : undefined}
      defaultEditorToolsVisibility
      showPersistHeadersSettings={false}
      inputValueDeprecation
      schemaDescription
      {...initialEditors(starters)}
    >
      <GraphiQL.Logo>
        GraphQL hub {identity && <Identity {...identity} />}
      </GraphiQL.Logo>
      <GraphiQL.Toolbar>
        {({ prettify, copy, merge }) => (
          <>
            {prettify}
            {merge}
            {copy}
            <SharingTools endpoint={endpoint} />
          </>
        )}
      </GraphiQL.Toolbar>
    </GraphiQL>,
  );
}

start(document.getElementById('graphiql'), JSON.parse(document.getElementById('graphiql-config').textContent));
