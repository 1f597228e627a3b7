// Drives the sandbox with npm's @microsoft/microsoft-graph-client as an application does: it reads, changes, sends, is
// notified and throttled.
//
// Usage: NODE_EXTRA_CA_CERTS=CA node graph_client_judge.mjs SETTINGS, a JSON text with base, host, tenant, client_id,
// secret, user and other; the inbox of user holds 25 messages "Mail 00" to "Mail 24", the oldest first, the last of them
// with an attachment. Writes one line a case and at the end how many were wrong.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import {
  BatchRequestContent,
  BatchResponseContent,
  Client,
  FileUpload,
  GraphError,
  LargeFileUploadTask,
  PageIterator,
  ResponseType,
  RetryHandlerOptions,
} from '@microsoft/microsoft-graph-client';

const settings = JSON.parse(process.argv[2]);

async function token() {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: settings.client_id,
    client_secret: settings.secret,
    scope: 'https://graph.microsoft.com/.default',
  });
  const answer = await fetch(`${settings.base}/${settings.tenant}/oauth2/v2.0/token`, { method: 'POST', body: form });
  assert.equal(answer.status, 200);
  return (await answer.json()).access_token;
}

function clientWith(given) {
  return Client.init({
    baseUrl: settings.base,
    defaultVersion: 'v1.0',
    customHosts: new Set([settings.host]),
    authProvider: (done) => done(null, given),
  });
}

const client = clientWith(await token());
const mailbox = `/users/${settings.user}`;
const others = `/users/${settings.other}`;
const inbox = `${mailbox}/mailFolders('inbox')`;
const api = (path) => client.api(path).header('Prefer', 'IdType="ImmutableId"');
const message = (id) => `${mailbox}/messages/${id}`;

async function control(method, path, body) {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${settings.base}/sandbox/${path}`, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, text);
  return text && JSON.parse(text);
}

async function first(subject, folder = inbox) {
  const { value } = await api(`${folder}/messages`).filter(`subject eq '${subject}'`).get();
  return value[0];
}

async function folders() {
  const { value } = await api(`${mailbox}/mailFolders`).top(50).get();
  const names = new Set(value.map((folder) => folder.displayName));
  for (const name of ['Inbox', 'Drafts', 'Sent Items', 'Deleted Items']) assert.ok(names.has(name), name);
  assert.equal((await api(inbox).get()).totalItemCount, 25);
  const made = await api(`${mailbox}/mailFolders`).post({ displayName: 'Orders' });
  const below = await api(`${mailbox}/mailFolders/${made.id}/childFolders`).post({ displayName: 'Old' });
  const children = await api(`${mailbox}/mailFolders/${made.id}/childFolders`).get();
  assert.deepEqual(children.value.map((folder) => folder.id), [below.id]);
  await api(`${mailbox}/mailFolders/${below.id}`).patch({ displayName: 'Older' });
  assert.equal((await api(`${mailbox}/mailFolders/${below.id}`).get()).displayName, 'Older');
  await assert.rejects(api(`${mailbox}/mailFolders`).post({ displayName: 'Orders' }), { statusCode: 409 });
}

async function pages() {
  const begun = await api(`${inbox}/messages`).select('subject').top(10).count(true).get();
  assert.equal(begun['@odata.count'], 25);
  const subjects = [];
  const all = new PageIterator(client, begun, (one) => subjects.push(one.subject) > 0);
  await all.iterate();
  assert.equal(all.isComplete(), true);
  assert.equal(new Set(subjects).size, 25);
}

async function filtered() {
  const ordered = await api(`${inbox}/messages`).orderby('receivedDateTime asc').select('subject').top(3).skip(2).get();
  assert.deepEqual(ordered.value.map((one) => one.subject), ['Mail 02', 'Mail 03', 'Mail 04']);
  const few = await api(`${inbox}/messages`).filter("startswith(subject,'Mail 2') and isRead eq false").get();
  assert.equal(few.value.length, 5);
  const found = await api(`${mailbox}/messages`).search('"subject:Mail 08"').get();
  assert.deepEqual(found.value.map((one) => one.subject), ['Mail 08']);
  const with_parts = await api(`${inbox}/messages`).filter('hasAttachments eq true').expand('attachments').get();
  assert.deepEqual(with_parts.value.map((one) => one.attachments.map((part) => part.name)), [['note.txt']]);
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
  await api(message(value[0].id)).patch({ isRead: true });
  page = await api(page['@odata.deltaLink']).get();
  assert.deepEqual(page.value.map((one) => one.id), [value[0].id]);
  const gone = await first('Mail 10');
  await api(`${message(gone.id)}/move`).post({ destinationId: 'archive' });
  page = await api(page['@odata.deltaLink']).get();
  assert.deepEqual(page.value.map((one) => [one.id, '@removed' in one]), [[gone.id, true]]);
}

async function mime() {
  const { id } = await first('Mail 03');
  const raw = await api(`${message(id)}/$value`).responseType(ResponseType.TEXT).get();
  assert.match(raw, /Number 3/);
  const bytes = await api(`${message(id)}/$value`).responseType(ResponseType.ARRAYBUFFER).get();
  assert.match(Buffer.from(bytes).toString('latin1'), /^subject: mail 03\r$/im);
}

async function change() {
  const { id } = await first('Mail 02');
  const changed = await api(message(id)).patch({ isRead: true, categories: ['Seen'], flag: { flagStatus: 'flagged' } });
  assert.deepEqual([changed.isRead, changed.categories, changed.flag.flagStatus], [true, ['Seen'], 'flagged']);
  const moved = await api(`${message(id)}/move`).post({ destinationId: 'archive' });
  assert.equal(moved.id, id);
  const copied = await api(`${message(id)}/copy`).post({ destinationId: 'inbox' });
  assert.notEqual(copied.id, id);
  assert.equal((await first('Mail 02')).id, copied.id);
}

async function remove() {
  const [plain, whole] = [await first('Mail 05'), await first('Mail 06')];
  await api(message(plain.id)).delete();
  const bin = await api(`${mailbox}/mailFolders/deleteditems`).get();
  assert.equal((await api(message(plain.id)).get()).parentFolderId, bin.id);
  await api(`${message(whole.id)}/permanentDelete`).post({});
  assert.equal(await first('Mail 06'), undefined);
  assert.equal(await first('Mail 06', `${mailbox}/mailFolders('deleteditems')`), undefined);
}

async function batch() {
  const { id } = await first('Mail 09');
  const asked = (path, about = {}) => new Request(`https://graph.microsoft.com${path}`, about);
  const content = new BatchRequestContent([
    { id: '1', request: asked(`${inbox}?$select=displayName`) },
    {
      id: '2',
      request: asked(message(id), {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ isRead: true }),
      }),
      dependsOn: ['1'],
    },
    { id: '3', request: asked(message('AAA')), dependsOn: ['2'] },
    { id: '4', request: asked(inbox), dependsOn: ['3'] },
  ]);
  const answers = new BatchResponseContent(await client.api('/$batch').post(await content.getContent()));
  const all = Object.fromEntries([...answers.getResponses()].map(([key, answer]) => [key, answer.status]));
  assert.deepEqual(all, { 1: 200, 2: 200, 3: 400, 4: 424 });
  assert.equal((await answers.getResponseById('1').json()).displayName, 'Inbox');
  assert.equal((await answers.getResponseById('2').json()).isRead, true);
  assert.equal((await answers.getResponseById('3').json()).error.code, 'ErrorInvalidIdMalformed');
}

const letter = (subject, more = {}) => ({
  subject,
  body: { contentType: 'text', content: 'Hi' },
  toRecipients: [{ emailAddress: { address: settings.other } }],
  ...more,
});

async function attachments() {
  const { id } = await first('Mail 24');
  const [part] = (await api(`${message(id)}/attachments`).get()).value;
  assert.deepEqual([part['@odata.type'], part.name], ['#microsoft.graph.fileAttachment', 'note.txt']);
  assert.equal(Buffer.from(part.contentBytes, 'base64').toString(), 'hello');
  const stream = await api(`${message(id)}/attachments/${part.id}/$value`).responseType(ResponseType.ARRAYBUFFER).get();
  assert.equal(Buffer.from(stream).toString(), 'hello');

  const draft = await api(`${mailbox}/messages`).post(letter('With parts'));
  await api(`${message(draft.id)}/attachments`).post({
    '@odata.type': '#microsoft.graph.fileAttachment',
    name: 'small.bin',
    contentBytes: 'AAEC',
  });
  const large = Buffer.alloc(5 * 1024 * 1024, 'mailroom');
  const session = await LargeFileUploadTask.createUploadSession(
    client,
    `${message(draft.id)}/attachments/createUploadSession`,
    { AttachmentItem: { attachmentType: 'file', name: 'large.bin', size: large.length } },
  );
  const pieces = [];
  const task = new LargeFileUploadTask(client, new FileUpload(large, 'large.bin', large.length), session, {
    rangeSize: 2 * 1024 * 1024,
    uploadEventHandlers: { progress: (range) => pieces.push(range.minValue) },
  });
  const uploaded = await task.upload();
  assert.deepEqual(pieces, [0, 2 * 1024 * 1024, 4 * 1024 * 1024]);
  assert.match(uploaded.location, /\/attachments\//);
  const parts = (await api(`${message(draft.id)}/attachments`).get()).value;
  assert.deepEqual(parts.map((one) => one.name), ['small.bin', 'large.bin']);
  assert.ok(Buffer.from(parts[1].contentBytes, 'base64').equals(large));
  await api(`${message(draft.id)}/attachments/${parts[0].id}`).delete();
  await api(`${message(draft.id)}/send`).post({});
  const got = await first('With parts', `${others}/mailFolders('inbox')`);
  assert.equal(got.hasAttachments, true);
}

async function send() {
  await api(`${mailbox}/sendMail`).post({ message: letter('Sent at once'), saveToSentItems: true });
  const got = await first('Sent at once', `${others}/mailFolders('inbox')`);
  assert.equal(got.from.emailAddress.address, settings.user);
  const kept = await first('Sent at once', `${mailbox}/mailFolders('sentitems')`);
  assert.equal(kept.internetMessageId, got.internetMessageId);
  const raw = `From: ${settings.user}\r\nTo: ${settings.other}\r\nSubject: As MIME\r\nX-Own: 1\r\n\r\nHi\r\n`;
  await api(`${mailbox}/sendMail`).header('content-type', 'text/plain').post(Buffer.from(raw).toString('base64'));
  assert.ok(await first('As MIME', `${others}/mailFolders('inbox')`));
}

async function reply() {
  const got = await first('Sent at once', `${others}/mailFolders('inbox')`);
  const draft = await api(`${others}/messages/${got.id}/createReply`).post({ comment: 'Thanks' });
  assert.deepEqual([draft.isDraft, draft.subject, draft.conversationId], [true, 'RE: Sent at once', got.conversationId]);
  await api(`${others}/messages/${draft.id}/send`).post({});
  const back = await first('RE: Sent at once');
  const raw = await api(`${message(back.id)}/$value`).responseType(ResponseType.TEXT).get();
  assert.ok(raw.toLowerCase().includes(`in-reply-to: ${got.internetMessageId.toLowerCase()}`), raw);
}

async function refusals() {
  await assert.rejects(api('/groups').get(), { statusCode: 400, code: 'BadRequest' });
  await assert.rejects(api(message('AAA')).get(), { statusCode: 400, code: 'ErrorInvalidIdMalformed' });
  const wrong = api(`${inbox}/messages`).filter("subject like 'x'").get();
  await assert.rejects(wrong, { statusCode: 400, code: 'RequestBroker--ParseUri' });
  const nobody = api('/users/nobody@contoso.example/messages').get();
  await assert.rejects(nobody, { statusCode: 404, code: 'ErrorInvalidUser' });
  const stranger = clientWith('x.y.z').api(mailbox).get();
  await assert.rejects(stranger, (error) => {
    assert.ok(error instanceof GraphError && error.requestId && error.date instanceof Date, error);
    return error.statusCode === 401 && error.code === 'InvalidAuthenticationToken';
  });
}

async function retries() {
  await control('POST', 'faults', { name: 'busy', path: '/users/**', status: 429, retryAfter: 1, count: 2 });
  const begun = Date.now();
  const answer = await api(inbox).get();
  assert.equal(answer.displayName, 'Inbox');
  assert.ok(Date.now() - begun >= 2_000, 'it waited as long as it was told to, twice');
  await control('DELETE', 'faults/busy');
  await control('POST', 'faults', { name: 'full', path: '/users/**', status: 429, retryAfter: 60 });
  const never = new RetryHandlerOptions(0, 0);
  const refused = api(inbox).middlewareOptions([never]).get();
  await assert.rejects(refused, (error) => {
    assert.equal(error.headers.get('retry-after'), '60');
    return error.statusCode === 429;
  });
  await control('DELETE', 'faults/full');
  await control('POST', 'faults', { name: 'out', path: '/users/**', status: 503, retryAfter: 1, count: 1 });
  assert.equal((await api(message((await first('Mail 11')).id)).get()).subject, 'Mail 11');
  await control('DELETE', 'faults/out');
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
    const wanted = {
      changeType: 'created,updated',
      notificationUrl: hook.url,
      lifecycleNotificationUrl: hook.url,
      resource: `users/${settings.user}/mailFolders('inbox')/messages`,
      expirationDateTime: until(60),
      clientState: 'secret',
    };
    const subscription = await api('/subscriptions').post(wanted);
    await assert.rejects(api('/subscriptions').post(wanted), { statusCode: 409 });
    const { id } = await first('Mail 07');
    await api(message(id)).patch({ isRead: true });
    const notification = await hook.next((one) => one.resourceData?.id === id);
    assert.equal(notification.subscriptionId, subscription.id);
    assert.equal(notification.clientState, 'secret');
    assert.equal(notification.changeType, 'updated');
    // What was changed before anybody subscribed is not told.
    assert.deepEqual([...new Set(hook.told.map((one) => one.resourceData.id))], [id]);
    assert.equal((await client.api(`/${notification.resource}`).get()).subject, 'Mail 07');

    const renewed = await api(`/subscriptions/${subscription.id}`).patch({ expirationDateTime: until(120) });
    assert.ok(renewed.expirationDateTime > subscription.expirationDateTime);
    for (const event of ['reauthorizationRequired', 'missed', 'subscriptionRemoved']) {
      const told = hook.next((one) => one.lifecycleEvent === event);
      assert.deepEqual(await control('POST', `subscriptions/${subscription.id}/${event}`), { taken: true });
      assert.deepEqual([(await told).subscriptionId, (await told).clientState], [subscription.id, 'secret']);
      if (event !== 'reauthorizationRequired') continue;
      await api(`/subscriptions/${subscription.id}/reauthorize`).post({});
    }
    await assert.rejects(api(`/subscriptions/${subscription.id}`).get(), { statusCode: 404 });
    const again = await api('/subscriptions').post(wanted);
    await api(`/subscriptions/${again.id}`).delete();
    assert.deepEqual((await api('/subscriptions').get()).value, []);
  } finally {
    hook.stop();
  }
}

let wrong = 0;
const reading = [folders, pages, filtered, delta, mime];
for (const judged of [...reading, change, remove, batch, attachments, send, reply, refusals, retries, notified]) {
  try {
    await judged();
    console.log('right', judged.name);
  } catch (error) {
    wrong += 1;
    console.log('WRONG', judged.name, error);
  }
}
console.log(`${wrong} wrong`);
