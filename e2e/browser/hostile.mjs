// What strangers write: markup, scripts, other directions, very long. It is shown as text, does nothing, and breaks no layout.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { go, link, logIn, numberOf, open, part, phones } from './browser.mjs';

const MARKUP = '<img src=x onerror="window.broken=1"><script>window.broken=1</script><b>bold</b> &amp; {{7*7}} javascript:alert(1)';
const LONG = `begin ${'wide'.repeat(2_500)} end`;
const OTHERS = ['\u202Eevil.exe\u202C', 'مرحبا بالعالم <b>', 'Z\u0351\u036B\u0343a\u0363\u0366l\u0321g\u0336o', '👨‍👩‍👧‍👦'.repeat(40), '\0\u0007'.concat('controls')];

let shown;
let page;
let owner;
let stranger;

before(async () => {
  shown = await open();
  page = shown.page;
  owner = await numberOf('Sandbox phone');
  // A name is a text of strangers as well.
  stranger = (await phones('POST', '/phones', { name: '<i>Mallory</i>' })).number;
  await logIn(page);
  await link(page, 'shop', owner);
  await page.getByRole('button', { name: 'Open chats' }).click();
});

after(() => shown.close());

const send = (text) => phones('POST', `/phones/${stranger}/send`, { to: owner, text });
const wide = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

async function harmless() {
  assert.equal(await page.evaluate(() => globalThis.broken), undefined);
  assert.ok((await wide()) <= 0, 'nothing is wider than the window');
}

part('markup is text in the list, in the conversation, and in quotes', async () => {
  await send(MARKUP);
  await page.getByRole('link', { name: /Mallory/ }).click();
  const bubble = page.getByRole('log').getByRole('article').filter({ hasText: '<script>window.broken=1</script>' });
  await bubble.waitFor();
  assert.equal(await bubble.locator('img, script, b').count(), 0);
  await page.getByRole('heading', { name: '<i>Mallory</i>' }).waitFor();
  await bubble.hover();
  await bubble.getByRole('button').click();
  await page.getByLabel('Message', { exact: true }).fill(`${MARKUP} too`);
  await page.keyboard.press('Enter');
  await page.getByRole('article').filter({ hasText: 'too' }).locator('blockquote').getByText('<script>').waitFor();
  await harmless();
});

part('ten thousand characters are folded, and shown when asked for', async () => {
  await send(LONG);
  const bubble = page.getByRole('article').filter({ hasText: 'begin wide' });
  await bubble.getByRole('button', { name: 'Show all' }).click();
  await bubble.getByText(/ end$/).waitFor();
  await harmless();
});

part('other directions and characters stay where they are', async () => {
  for (const text of OTHERS) await send(text);
  await page.getByRole('article').filter({ hasText: 'controls' }).waitFor();
  await harmless();
});

part('names of files, places, cards and polls are text', async () => {
  const data = Buffer.from('x').toString('base64');
  for (const content of [
    { document: { data, fileName: `${MARKUP}.pdf`, mimeType: 'application/pdf' } },
    { location: { latitude: 1, longitude: 2, name: MARKUP } },
    { contacts: [{ name: MARKUP, vcard: 'BEGIN:VCARD\nVERSION:3.0\nFN:x\nEND:VCARD' }] },
    { poll: { name: MARKUP, options: [MARKUP.slice(0, 90), LONG.slice(0, 90)], selectable: 1 } },
  ]) {
    await phones('POST', `/phones/${stranger}/send`, { to: owner, ...content });
  }
  await page.getByRole('article').filter({ hasText: 'beginwide'.slice(0, 5) }).last().waitFor();
  await page.getByRole('article').filter({ hasText: '.pdf' }).waitFor();
  await harmless();
});

part('events and their details are text, also on a narrow screen', async () => {
  await go(page, 'Live events');
  await page.getByLabel('Text in the event').fill('window.broken');
  await page.getByRole('list', { name: 'Live events' }).getByRole('button').first().click();
  await page.getByRole('dialog').getByText('window.broken').first().waitFor();
  await harmless();
  await page.keyboard.press('Escape');
  await page.setViewportSize({ width: 320, height: 640 });
  await harmless();
  await page.goto(`${page.url().split('#')[0]}#/chats/shop/${stranger}@s.whatsapp.net`);
  await page.getByRole('article').filter({ hasText: '<script>' }).first().waitFor();
  await harmless();
});
