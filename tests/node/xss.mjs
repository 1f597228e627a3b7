// node xss.mjs DOCUMENTS.json: opens sanitised mails in Chromium; ends with 1 when one runs code or fetches something.
//
// DOCUMENTS.json: [{ name, raw, safe, remote }], HTML before sanitising (null: not to be opened so), sanitised, and
// sanitised with remote images allowed. The raw ones are opened too: to see that this judge would notice. Documents are
// opened in frames, many in one page: as documents of their own, and by srcdoc as a front end would show them.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const documents = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const ORIGIN = 'http://page.example/';
const FILES = 'http://files.example/';
const IN_ONE_PAGE = 25;

// What goes past the page's own requests, such as a connection opened ahead of time, ends here. The browser itself
// asks its maker for updates, whatever it is told.
const past = [];
const note = (url) => /^(http:\/\/)?[a-z.]+\.google(apis)?\.com[:/]/.test(url) || past.push(url);
const proxy = createServer((request, response) => {
  note(request.url);
  response.writeHead(502).end();
});
proxy.on('connect', (request, socket) => {
  note(request.url);
  socket.on('error', () => {});
  socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
});
await new Promise((listening) => proxy.listen(0, '127.0.0.1', listening));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--disable-gpu', '--disable-extensions'],
  proxy: { server: `http://127.0.0.1:${proxy.address().port}` },
});
const context = await browser.newContext({ serviceWorkers: 'block' });
// Code of a mail calls alert: it tells in which frame of the page it ran.
await context.addInitScript(() => {
  window.alert = () => {
    let frame = window;
    try {
      while (frame.parent !== window.top) frame = frame.parent;
      console.log(`ran ${frame.name}`);
    } catch {
      console.log('ran');
    }
  };
});

// Moves over, focuses and clicks whatever is not an ordinary link, and lets what that began come to pass.
async function provoke() {
  const ordinary = 'a[href^="http:" i], a[href^="https:" i], a[href^="mailto:" i], a[href^="tel:" i]';
  for (const frame of document.querySelectorAll('iframe')) {
    const inner = frame.contentWindow;
    let elements = [];
    try {
      elements = [...inner.document.querySelectorAll('*')].slice(0, 200);
    } catch {
      // It went to another origin: not ours to provoke.
    }
    for (const element of elements) {
      for (const type of ['mouseover', 'mouseenter', 'pointerover', 'focus', 'toggle', 'wheel']) {
        element.dispatchEvent(new inner.Event(type, { bubbles: true }));
      }
      if (element.matches('[onclick], a, area, button, input, object') && !element.closest(ordinary)) {
        element.dispatchEvent(new inner.MouseEvent('click', { bubbles: true, cancelable: true }));
      }
    }
  }
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  await new Promise((settled) => setTimeout(settled, 100));
}

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
const frames = {
  bare: (_, at) => `<iframe name="${at}" src="${ORIGIN}${at}"></iframe>`,
  srcdoc: (html, at) => `<iframe name="${at}" srcdoc="${escaped(html)}"></iframe>`,
};

// Opens documents in one page; answers who ran code (the place in the list) and what was fetched.
async function open(htmls, shell) {
  const found = { ran: [], fetched: [] };
  const served = new Set();
  const page = await context.newPage();
  page.on('dialog', (dialog) => {
    found.ran.push(`a ${dialog.type()}`);
    dialog.dismiss().catch(() => {});
  });
  page.on('console', (message) => {
    if (message.text().startsWith('ran')) found.ran.push(message.text().slice(4));
  });
  page.on('popup', (popup) => {
    found.ran.push(`window ${popup.url()}`);
    popup.close().catch(() => {});
  });
  await page.route('**/*', (route) => {
    const request = route.request();
    const path = request.url().startsWith(ORIGIN) ? request.url().slice(ORIGIN.length) : null;
    const own = path === '' ? `<!doctype html><title>mails</title>${htmls.map(frames[shell]).join('')}` : htmls[path];
    // Each document once: a mail that makes its frame load something again is fetching.
    if (path !== null && own !== undefined && request.resourceType() === 'document' && !served.has(path)) {
      served.add(path);
      return route.fulfill({ contentType: 'text/html; charset=utf-8', body: own });
    }
    found.fetched.push(`${request.resourceType()} ${request.url()}`);
    return route.abort();
  });
  await page.goto(ORIGIN, { waitUntil: 'load', timeout: 60_000 });
  await page.evaluate(provoke);
  await page.close();
  return found;
}

const allowed = {
  raw: () => false,
  safe: (what) => what.startsWith(`image ${FILES}`),
  remote: (what) => /^image https?:\/\//.test(what),
};
let pages = 0;
// What ran and was fetched without leave; where something did, one by one to tell who.
async function judge(list, how, shell) {
  const found = await open(list.map((document) => document[how]), shell);
  pages += 1;
  const fetched = found.fetched.filter((what) => !allowed[how](what));
  if (found.ran.length + fetched.length === 0) return [];
  if (list.length === 1) return [`${list[0].name}, ${how}, ${shell}: ran ${found.ran}; fetched ${fetched}`];
  const wrong = [];
  for (const document of list) wrong.push(...(await judge([document], how, shell)));
  return wrong.length > 0 ? wrong : [`someone of ${list.map(({ name }) => name)}, ${how}, ${shell}: ${found.ran} ${fetched}`];
}

function* portions(list) {
  for (let at = 0; at < list.length; at += IN_ONE_PAGE) yield list.slice(at, at + IN_ONE_PAGE);
}

const attacks = documents.filter(({ raw }) => raw !== null);
const bitten = { ran: new Set(), fetched: new Set() };
for (const portion of portions(attacks)) {
  const found = await open(portion.map(({ raw }) => raw), 'bare');
  for (const at of found.ran) bitten.ran.add(portion[at]?.name);
  for (const what of found.fetched) bitten.fetched.add(what);
}
// From here on nothing may go past the page.
past.length = 0;
const wrong = [];
for (const shell of Object.keys(frames)) {
  for (const portion of portions(documents)) wrong.push(...(await judge(portion, 'safe', shell)));
  const pictured = documents.filter(({ raw, safe, remote }) => raw !== null || remote !== safe);
  for (const portion of portions(pictured)) wrong.push(...(await judge(portion, 'remote', shell)));
}
await browser.close();
proxy.close();
for (const line of [...wrong, ...past.map((url) => `past the page: ${url}`)]) console.log(line);
console.log(`${documents.length} mails in ${pages} pages; raw, ${bitten.ran.size} ran code and ${bitten.fetched.size} ` +
  `things were fetched; sanitised, ${wrong.length} did, and ${past.length} went past the page`);
process.exit(wrong.length > 0 || past.length > 0 ? 1 : 0);
