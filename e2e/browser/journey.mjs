// The way of a person: log in, create a session, scan its code with a simulated phone, chat both ways, watch events, delete, log out.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before } from 'node:test';
import { api, BASE, go, link, logIn, numberOf, open, part, PASSWORD, phones, received, until } from './browser.mjs';

/** A picture: one red pixel. */
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64');

let shown;
let page;
let owner;
let rina;
const sockets = [];
let cut = false;

before(async () => {
  shown = await open();
  page = shown.page;
  // The way to Socket.IO, so that it can be cut.
  await shown.context.routeWebSocket(/socket\.io/, (socket) => {
    if (cut) return socket.close();
    socket.connectToServer();
    sockets.push(socket);
  });
  owner = await numberOf('Sandbox phone');
  rina = await numberOf('Rina (customer)');
});

after(() => shown.close());

const log = () => page.getByRole('log');

part('a wrong password is refused in words, the right one opens, and no script can read the login', async () => {
  await logIn(page, 'wrong');
  await page.getByRole('alert').getByText('Username or password is wrong.').waitFor();
  await page.getByText('invalid_credentials').waitFor();
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('No session yet').waitFor();
  const [cookie] = await shown.context.cookies();
  assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite], ['chatery_session', true, 'Strict']);
  assert.match(cookie.value, /^[0-9a-f]{64}$/);
  const readable = await page.evaluate(() => document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage }));
  assert.ok(!readable.includes(cookie.value) && !readable.includes(PASSWORD), readable);
  await page.reload();
  await page.getByText('No session yet').waitFor();
});

part('a session is created, and a simulated phone scans its code', async () => {
  await link(page, 'shop', owner);
  assert.equal((await api('GET', '/api/whatsapp/sessions/shop/status')).data.phoneNumber, owner);
  assert.equal((await phones('GET', `/phones/${owner}`)).devices.length, 1);
  await page.getByRole('button', { name: 'Open chats' }).click();
});

part('texts go both ways at once', async () => {
  await page.getByRole('link', { name: /^Rina/ }).click();
  await page.getByLabel('Message', { exact: true }).fill('What is your price?\nThe first line was short.');
  await page.keyboard.press('Enter');
  const there = await received(rina, (message) => message.text?.startsWith('What is your price?'));
  assert.equal(there.text, 'What is your price?\nThe first line was short.');
  await log().getByText('That is fine for me.').waitFor();
  await log().getByText('I take two, please.').waitFor();
  await page.getByRole('article').filter({ hasText: 'What is your price?' }).getByText('Delivered').waitFor({ state: 'attached' });
  await phones('POST', `/phones/${rina}/read`, { chat: owner, messageIds: [there.id] });
  await page.getByRole('article').filter({ hasText: 'What is your price?' }).getByText('Read', { exact: true }).waitFor({ state: 'attached' });
  await phones('POST', `/phones/${rina}/react`, { chat: owner, messageId: there.id, emoji: '👍' });
  await page.getByRole('article').filter({ hasText: 'What is your price?' }).getByText('👍').waitFor();
});

part('an answer quotes what it answers', async () => {
  await page.getByRole('article').filter({ hasText: 'I take two, please.' }).hover();
  await page.getByRole('button', { name: /^Reply to “I take two/ }).click();
  await page.getByLabel('Message', { exact: true }).fill('Two it is');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  const there = await received(rina, (message) => message.text === 'Two it is');
  assert.match(JSON.stringify(there.quoted), /I take two, please\./);
});

part('a picture of this computer is sent, and one arrives', async () => {
  await page.getByRole('button', { name: 'Send something else' }).click();
  await page.getByLabel('File of this computer').setInputFiles({ name: 'red.png', mimeType: 'image/png', buffer: PIXEL });
  await page.getByLabel('Caption').fill('red as ordered');
  await page.getByRole('dialog').getByRole('button', { name: 'Send', exact: true }).click();
  const there = await received(rina, (message) => message.type === 'image' && message.from === owner);
  assert.match(JSON.stringify(there), /red as ordered/);
  await page.getByRole('article').filter({ hasText: 'red as ordered' }).getByRole('img').waitFor();
  await phones('POST', `/phones/${rina}/send`, { to: owner, image: { data: PIXEL.toString('base64'), caption: 'and mine' } });
  await page.getByRole('article').filter({ hasText: 'and mine' }).waitFor();
});

part('a poll, a place and a card are sent from their forms', async () => {
  const fill = async (kind, fields) => {
    await page.getByRole('button', { name: 'Send something else' }).click();
    await page.getByRole('dialog').getByLabel('Kind').selectOption(kind);
    for (const [label, value] of Object.entries(fields)) await page.getByRole('dialog').getByLabel(label, { exact: true }).fill(value);
    await page.getByRole('dialog').getByRole('button', { name: 'Send', exact: true }).click();
  };
  await fill('poll', { Question: 'When?', 'Options, one a line': 'today\ntomorrow' });
  await received(rina, (message) => message.type === 'poll' && message.from === owner);
  await fill('location', { Latitude: '-6.2', Longitude: '106.8', Name: 'Market' });
  await received(rina, (message) => message.type === 'location' && message.from === owner);
  await fill('contact', { Name: 'Agus', 'Phone number': '6281200000005' });
  await received(rina, (message) => message.type === 'contact' && message.from === owner);
});

part('a message that WhatsApp refuses says so, and is sent again', async () => {
  await phones('POST', '/faults', { refuseNextSend: 463 });
  await page.getByLabel('Message', { exact: true }).fill('once more');
  await page.keyboard.press('Enter');
  await page.getByText('WhatsApp refused the message.').waitFor();
  await page.getByRole('button', { name: 'Try again' }).click();
  await received(rina, (message) => message.text === 'once more');
  await page.getByText('WhatsApp refused the message.').waitFor({ state: 'detached' });
});

part('events are filtered, paused, and nothing is missed when the connection was lost', async () => {
  await go(page, 'Live events');
  const events = page.getByRole('list', { name: 'Live events' });
  await page.getByLabel('Kind of event').selectOption('message');
  await page.getByLabel('Text in the event').fill('TAKE TWO');
  await until('one event', async () => (await events.getByRole('listitem').count()) === 1);
  await page.getByLabel('Text in the event').fill('');
  await page.getByRole('button', { name: 'Pause' }).click();
  await phones('POST', `/phones/${rina}/send`, { to: owner, text: 'while paused' });
  await page.getByRole('button', { name: /^Go on/ }).getByText(/\d/).waitFor();
  assert.equal(await events.getByText('while paused').count(), 0);
  await page.getByRole('button', { name: /^Go on/ }).click();
  await events.getByText('while paused').waitFor();

  cut = true;
  for (const socket of sockets.splice(0)) await socket.close();
  await page.getByText('Connection lost, trying again…').waitFor();
  await phones('POST', `/phones/${rina}/send`, { to: owner, text: 'while cut off' });
  await until('it arrived at the server', async () => {
    const body = { sessionId: 'shop', chatId: rina, limit: 1 };
    return (await api('POST', '/api/whatsapp/chats/messages', body)).data.messages[0].text === 'while cut off';
  });
  cut = false;
  await events.getByText('while cut off').waitFor();
  assert.equal(await events.getByText('while cut off').count(), 1);

  await events.getByText('while cut off').click();
  await page.getByRole('dialog').getByText('"sessionId": "shop"').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

part('a page that is opened anew shows what happened lately', async () => {
  await page.reload();
  const events = page.getByRole('list', { name: 'Live events' });
  await page.getByLabel('Text in the event').fill('while cut off');
  await events.getByText('while cut off').first().waitFor();
  await go(page, 'Overview');
  await page.getByText(/^[1-9]\d* received/).waitFor();
});

part('a webhook is added, tested, delivers, is delivered again, paused and removed', async () => {
  const posts = [];
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      posts.push({ event: request.headers['x-webhook-event'], signature: request.headers['x-chatery-signature'], body });
      response.end('thanks');
    });
  });
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${receiver.address().port}/hook`;
  const hooks = async () => (await api('GET', '/api/whatsapp/sessions/shop/status')).data.webhooks;
  await go(page, 'Sessions');
  await page.getByRole('link', { name: /shop/ }).click();
  await page.getByRole('button', { name: 'Add webhook' }).click();
  await page.getByLabel('Webhook address').fill(url);
  await page.getByLabel('Only these:').check();
  await page.getByLabel('call', { exact: true }).check();
  await page.getByLabel(/^Secret/).fill('sixteen-characters');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('message, call').waitFor();
  assert.deepEqual((await hooks()).map((hook) => [hook.url, hook.events, hook.hasSecret]), [[url, ['message', 'call'], true]]);

  await page.getByRole('button', { name: 'Send test' }).click();
  await page.getByText('The receiver answered 200.').waitFor();
  assert.equal(posts[0].event, 'test');
  assert.match(posts[0].signature, /^sha256=/);
  await phones('POST', `/phones/${rina}/send`, { to: owner, text: 'for the hook' });
  await until('the delivery', () => posts.find((post) => post.event === 'message' && post.body.includes('for the hook')));
  await page.getByText('2 delivered').waitFor();
  await page.getByRole('button', { name: 'Deliveries' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('message', { exact: true }).click();
  const before = posts.length;
  await dialog.getByRole('button', { name: 'Deliver again' }).first().click();
  await until('once more', () => posts.length > before);
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: 'New secret' }).click();
  await page.getByText('It is shown here only').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('Paused', { exact: true }).waitFor();
  assert.equal((await hooks())[0].paused, true);
  await page.getByRole('button', { name: `Edit ${url}` }).click();
  await page.getByLabel('Every event').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await until('the change', async () => (await hooks())[0].events[0] === '*');
  await page.getByRole('button', { name: `Remove ${url}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove webhook' }).click();
  await page.getByText('No webhook').waitFor();
  assert.deepEqual(await hooks(), []);
  receiver.close();
});

part('the tester asks what the document describes', async () => {
  await go(page, 'API tester');
  await page.getByRole('button', { name: /check-number/ }).click();
  await page.getByLabel('Body (JSON)').fill(JSON.stringify({ sessionId: 'shop', phone: rina }));
  await page.getByLabel('curl').getByText('"X-Api-Key: $API_KEY"').waitFor();
  await page.getByRole('button', { name: 'Send request' }).click();
  await page.getByLabel('Answer').getByText('"isRegistered": true').waitFor();
});

part('a person of the sandbox writes from here', async () => {
  await go(page, 'Sandbox');
  await page.getByRole('link', { name: /^Rina/ }).click();
  await page.getByLabel('Message', { exact: true }).fill('written in the sandbox');
  await page.getByRole('button', { name: 'Send' }).click();
  await received(owner, (message) => message.text === 'written in the sandbox');
  await log().getByText('written in the sandbox').waitFor();
});

part('a session is deleted when its id is typed, and the phone forgets it', async () => {
  await go(page, 'Sessions');
  await page.getByRole('link', { name: /shop/ }).click();
  await page.getByRole('button', { name: 'Log out and delete' }).click();
  const sure = page.getByRole('dialog').getByRole('button', { name: 'Log out and delete' });
  assert.equal(await sure.isDisabled(), true);
  await page.getByLabel('Type shop to confirm').fill('shop');
  await sure.click();
  await page.getByText('shop was deleted').waitFor();
  await until('the phone forgets', async () => (await phones('GET', `/phones/${owner}`)).devices.length === 0);
  assert.deepEqual((await api('GET', '/api/whatsapp/sessions')).data, []);
});

part('the language changes every word', async () => {
  await page.getByLabel('Language').selectOption('id');
  await page.getByRole('button', { name: 'Sesi baru' }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'id');
  await page.getByLabel('Bahasa').selectOption('en');
  await page.getByRole('button', { name: 'New session' }).waitFor();
});

part('a logout is one for the server too', async () => {
  const [cookie] = await shown.context.cookies();
  const ask = () => fetch(`${BASE}/api/whatsapp/sessions`, { headers: { cookie: `${cookie.name}=${cookie.value}` } });
  assert.equal((await ask()).status, 200);
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('Password').waitFor();
  assert.equal((await ask()).status, 401);
  assert.deepEqual(await shown.context.cookies(), []);
});
