// node sse.mjs URL TOKEN QUERY [COUNT]: an operation by graphql-sse in distinct connections mode; prints each answer.
import { createClient } from 'graphql-sse';

const [url, token, query, count = '1000'] = process.argv.slice(2);
const client = createClient({ url, singleConnection: false, retryAttempts: 0, headers: { authorization: `Bearer ${token}` } });
let left = Number(count);
try {
  for await (const answer of client.iterate({ query })) {
    console.log(JSON.stringify(answer));
    left -= 1;
    if (left === 0) break;
  }
  console.log('complete');
} catch (reason) {
  console.log(`error ${reason.response?.status ?? ''} ${reason.message ?? JSON.stringify(reason)}`);
}
client.dispose();
