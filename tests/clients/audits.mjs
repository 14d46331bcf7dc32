// Prints the GraphQL-over-HTTP audits of graphql-http as JSON: what there is, or, given an address, how the server did.
import { serverAudits } from 'graphql-http';

const [url] = process.argv.slice(2);
const results = [];
for (const audit of serverAudits({ url: url ?? 'http://127.0.0.1' })) {
  if (!url) {
    results.push([audit.id, audit.name]);
    continue;
  }
  const { status, reason, response } = await audit.fn();
  // The answer goes with a failure, so that the test says what the hub sent. Its body may have been read by the audit.
  const answered = response && {
    status: response.status,
    type: response.headers.get('content-type'),
    body: response.bodyUsed ? null : await response.text(),
  };
  results.push({ id: audit.id, status, reason, answered });
}
console.log(JSON.stringify(results));
