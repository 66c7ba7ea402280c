// Every view, dark and light, on a desktop and at 320 pixels, into a folder: for looking, not for passing.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { go, link, logIn, numberOf, open, phones, received, until } from './browser.mjs';

const INTO = process.env.INTO ?? 'screenshots';

const LOOKS = ['light', 'dark'].flatMap((colorScheme) => [
  { name: `${colorScheme}-wide`, colorScheme, viewport: { width: 1280, height: 800 } },
  { name: `${colorScheme}-narrow`, colorScheme, viewport: { width: 320, height: 640 } },
]);

/** What there is to see in each look, after the first has filled the server. */
async function views(page, shot, narrow) {
  const to = async (name) => {
    if (narrow) await page.getByRole('button', { name: 'Menu' }).click();
    await go(page, name);
  };
  await page.getByText('WebSocket clients').waitFor();
  await shot('overview');
  if (narrow) {
    await page.getByRole('button', { name: 'Menu' }).click();
    await shot('menu');
    await page.getByRole('button', { name: 'Menu' }).click();
  }
  await to('Sessions');
  await page.getByRole('link', { name: /shop/ }).waitFor();
  await shot('sessions');
  await page.getByRole('link', { name: /shop/ }).click();
  await page.getByRole('heading', { name: 'Webhooks' }).waitFor();
  await shot('session');
  await page.getByRole('button', { name: 'Add webhook' }).click();
  await page.getByLabel('Only these:').check();
  await shot('webhook');
  await page.keyboard.press('Escape');
  await to('Sessions');
  await page.getByRole('link', { name: /branch/ }).click();
  await page.getByRole('button', { name: 'Link', exact: true }).click();
  await page.getByRole('img', { name: /QR code/ }).waitFor();
  await page.getByRole('button', { name: 'Scan the code' }).waitFor();
  await shot('qr');
  await page.keyboard.press('Escape');
  await to('Chats');
  if (narrow) {
    await page.getByRole('link', { name: /^Rina/ }).waitFor();
    await shot('chats');
  }
  await page.getByRole('link', { name: /^Rina/ }).click();
  await page.getByRole('log').getByText('Two of the blue ones').waitFor();
  await shot('conversation');
  await page.getByRole('button', { name: 'Send something else' }).click();
  await shot('attach');
  await page.keyboard.press('Escape');
  await to('Live events');
  await phones('POST', `/phones/${await numberOf('Rina (customer)')}/send`, { to: await numberOf('Sandbox phone'), text: 'On my way' });
  await page.getByRole('list', { name: 'Live events' }).getByText('On my way').first().waitFor();
  await shot('events');
  await to('API tester');
  await page.getByRole('heading', { name: 'Send a text' }).waitFor();
  await shot('tester');
  await to('Sandbox');
  await page.getByRole('link', { name: /^Rina/ }).waitFor();
  if (narrow) await shot('phones');
  await page.getByRole('link', { name: /^Rina/ }).click();
  await page.getByRole('log').getByText('Two of the blue ones').first().waitFor();
  await shot('sandbox');
}

test('screenshots', async () => {
  mkdirSync(INTO, { recursive: true });
  await until('the server', () => fetch(`${process.env.BASE}/api/ready`).then((answer) => answer.ok, () => false));
  let filled = false;
  for (const { name, ...look } of LOOKS) {
    const { page, close } = await open(look);
    try {
      const shot = (view) => page.screenshot({ path: join(INTO, `${view}-${name}.png`) });
      await page.goto(`${process.env.BASE}/dashboard`);
      await page.getByLabel('Username').waitFor();
      await shot('login');
      await logIn(page);
      if (!filled) {
        filled = true;
        await page.getByText('No session yet').waitFor();
        await shot('empty');
        await fill(page);
        await go(page, 'Overview');
      }
      await views(page, shot, look.viewport.width < 821);
    } finally {
      await close();
    }
  }
});

async function fill(page) {
  const owner = await numberOf('Sandbox phone');
  const rina = await numberOf('Rina (customer)');
  await link(page, 'shop', owner);
  await page.getByRole('button', { name: 'Open chats' }).click();
  await phones('POST', `/phones/${rina}/send`, { to: owner, text: 'Hi! Do you still have the blue one?' });
  await page.getByRole('link', { name: /^Rina/ }).click();
  await page.getByRole('log').getByText('Do you still have the blue one?').waitFor();
  for (const text of ['We do. Two of the blue ones, and one in green.', 'What is your price limit?']) {
    await page.getByLabel('Message', { exact: true }).fill(text);
    await page.keyboard.press('Enter');
    const there = await received(rina, (message) => message.text === text);
    await phones('POST', `/phones/${rina}/read`, { chat: owner, messageIds: [there.id] });
  }
  const last = await received(rina, (message) => message.text?.startsWith('What is your price'));
  await phones('POST', `/phones/${rina}/react`, { chat: owner, messageId: last.id, emoji: '♥' });
  await phones('POST', `/phones/${await numberOf('Agus')}/send`, { to: owner, text: 'See you at the market' });
  await go(page, 'Sessions');
  await page.getByRole('button', { name: 'New session' }).click();
  await page.getByLabel('Session id').fill('branch');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByRole('img', { name: 'QR code that links branch' }).waitFor();
  await page.keyboard.press('Escape');
}
