// node ws.mjs URL TOKEN QUERY [COUNT]: an operation by graphql-ws; prints each answer, at most COUNT of them.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const [url, token, query, count = '1000'] = process.argv.slice(2);
const client = createClient({
  url,
  webSocketImpl: WebSocket,
  retryAttempts: 0,
  lazyCloseTimeout: 0,
  connectionParams: token ? { Authorization: `Bearer ${token}` } : {},
});
let left = Number(count);
try {
  for await (const answer of client.iterate({ query })) {
    console.log(JSON.stringify(answer));
    left -= 1;
    if (left === 0) break;
  }
  console.log('complete');
} catch (reason) {
  console.log(reason.code ? `closed ${reason.code} ${reason.reason}` : `error ${JSON.stringify(reason)}`);
}
await client.dispose();
