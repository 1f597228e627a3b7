// Drives the sandbox with npm's @microsoft/microsoft-graph-client: pages, delta, changes, a subscription with its
// notifications.
//
// Usage: NODE_EXTRA_CA_CERTS=CA node graph_client_judge.mjs SETTINGS, a JSON text with base, host, token and user; the
// inbox of user holds 25 messages. Writes one line a case and at the end how many were wrong.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Client, PageIterator } from '@microsoft/microsoft-graph-client';

const settings = JSON.parse(process.argv[2]);
const client = Client.init({
  baseUrl: settings.base,
  defaultVersion: 'v1.0',
  customHosts: new Set([settings.host]),
  authProvider: (done) => done(null, settings.token),
});
const mailbox = `/users/${settings.user}`;
const inbox = `${mailbox}/mailFolders('inbox')`;
const api = (path) => client.api(path).header('Prefer', 'IdType="ImmutableId"');

async function pages() {
  const first = await api(`${inbox}/messages`).select('subject').top(10).count(true).get();
  assert.equal(first['@odata.count'], 25);
  const subjects = [];
  const all = new PageIterator(client, first, (message) => subjects.push(message.subject) > 0);
  await all.iterate();
  assert.equal(new Set(subjects).size, 25);
}

async function delta() {
  let page = await api(`${inbox}/messages/delta`).select('subject').get();
  let seen = page.value.length;
  while (page['@odata.nextLink']) {
    page = await api(page['@odata.nextLink']).get();
    seen += page.value.length;
  }
  assert.equal(seen, 25);
  const { value } = await api(`${inbox}/messages`).top(1).get();
  await api(`${mailbox}/messages/${value[0].id}`).patch({ isRead: true });
  page = await api(page['@odata.deltaLink']).get();
  assert.deepEqual(page.value.map((message) => message.id), [value[0].id]);
}

async function mime() {
  const { value } = await api(`${inbox}/messages`).filter("subject eq 'Mail 03'").get();
  const raw = await api(`${mailbox}/messages/${value[0].id}/$value`).responseType('text').get();
  assert.match(raw, /Number 3/);
}

async function refusals() {
  await assert.rejects(api('/groups').get(), { statusCode: 400, code: 'BadRequest' });
  await assert.rejects(api(`${mailbox}/messages/AAA`).get(), { statusCode: 400, code: 'ErrorInvalidIdMalformed' });
  const stranger = Client.init({
    baseUrl: settings.base,
    customHosts: new Set([settings.host]),
    authProvider: (done) => done(null, 'x.y.z'),
  });
  await assert.rejects(stranger.api(mailbox).get(), { statusCode: 401, code: 'InvalidAuthenticationToken' });
}

// Someone who is told what happens: `next` waits for a notification that is as wanted, whatever else comes.
async function receiver() {
  const told = [];
  const waiting = [];
  const server = createServer((request, response) => {
    const token = new URL(request.url, 'http://x').searchParams.get('validationToken');
    if (token) return response.writeHead(200, { 'content-type': 'text/plain' }).end(token);
    let body = '';
    request.on('data', (part) => (body += part)).on('end', () => {
      response.writeHead(202).end();
      told.push(...JSON.parse(body).value);
      waiting.forEach((look) => look());
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const next = (wanted) =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`nothing came but ${JSON.stringify(told)}`)), 30_000);
      const look = () => {
        const found = told.find(wanted);
        if (found) resolve(found), clearTimeout(late);
      };
      waiting.push(look);
      look();
    });
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}/hook`, told, next, stop };
}

async function notified() {
  const hook = await receiver();
  try {
    const until = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();
    const subscription = await api('/subscriptions').post({
      changeType: 'created,updated',
      notificationUrl: hook.url,
      resource: `users/${settings.user}/mailFolders('inbox')/messages`,
      expirationDateTime: until(60),
      clientState: 'secret',
    });
    const { value } = await api(`${inbox}/messages`).filter("subject eq 'Mail 07'").get();
    await api(`${mailbox}/messages/${value[0].id}`).patch({ isRead: true });
    const notification = await hook.next((one) => one.resourceData.id === value[0].id);
    assert.equal(notification.subscriptionId, subscription.id);
    assert.equal(notification.clientState, 'secret');
    assert.equal(notification.changeType, 'updated');
    // The message of `delta` was changed before anybody subscribed.
    assert.deepEqual([...new Set(hook.told.map((one) => one.resourceData.id))], [value[0].id]);
    const renewed = await api(`/subscriptions/${subscription.id}`).patch({ expirationDateTime: until(120) });
    assert.ok(renewed.expirationDateTime > subscription.expirationDateTime);
    await api(`/subscriptions/${subscription.id}`).delete();
    await assert.rejects(api(`/subscriptions/${subscription.id}`).get(), { statusCode: 404 });
  } finally {
    hook.stop();
  }
}

let wrong = 0;
for (const judged of [pages, delta, mime, refusals, notified]) {
  try {
    await judged();
    console.log('right', judged.name);
  } catch (error) {
    wrong += 1;
    console.log('WRONG', judged.name, error);
  }
}
console.log(`${wrong} wrong`);
