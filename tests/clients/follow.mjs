// A client that follows the hub: `node follow.mjs ws|sse ADDRESS ATTEMPTS`, the last to come back with. It takes commands as
// lines of JSON, and says what it hears as lines of JSON, so that a test decides when to subscribe and when to leave.
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { createClient as eventsClient } from 'graphql-sse';
import { createClient as socketClient } from 'graphql-ws';

const [kind, url, attempts] = process.argv.slice(2);
const say = (event, fields) => console.log(JSON.stringify({ event, ...fields }));
const retryAttempts = Number(attempts);
const pause = () => wait(100);

const client =
  kind === 'ws'
    ? socketClient({
        url: url.replace('http', 'ws'),
        retryAttempts,
        retryWait: pause,
        // The socket stays when nothing is followed: a place that comes free then was given back by the message, not the end.
        lazy: false,
        // While a server restarts its port refuses, which the client would otherwise take as fatal.
        shouldRetry: () => true,
        on: { connected: () => say('connected') },
      })
    : eventsClient({ url, retryAttempts, retry: pause, on: { connected: () => say('connected') } });

const running = new Map();
function subscribe({ id, query, variables }) {
  const sink = {
    next: (result) => say('next', { id, result }),
    // graphql-ws gives GraphQL's errors or the close event; graphql-sse a network error with the response.
    error: (error) => say('error', { id, errors: Array.isArray(error) ? error : null, status: error?.response?.status }),
    complete: () => say('complete', { id }),
  };
  running.set(id, client.subscribe({ query, variables }, sink));
}

say('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if (command.subscribe) subscribe(command.subscribe);
  else running.get(command.leave)();
}
process.exit(0);
