// Every view by the rules of accessibility, in both themes, and no wider than 320 pixels; and by the keyboard alone.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api, BASE, findings, go, link, logIn, numberOf, open, PASSWORD, phones } from './browser.mjs';

const PLACES = ['Overview', 'Sessions', 'Chats', 'Live events', 'API tester', 'Sandbox'];

async function fine(page, what) {
  assert.deepEqual(await findings(page), [], what);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${what} is ${wide} pixels too wide`);
}

/** Looks at every view. */
async function tour(page, narrow) {
  const to = async (place) => {
    if (narrow) await page.getByRole('button', { name: 'Menu' }).click();
    await go(page, place);
  };
  for (const place of PLACES) {
    await to(place);
    await fine(page, place);
  }
  await page.getByRole('link', { name: /^Rina/ }).click();
  await page.getByRole('heading', { name: /^Write as/ }).waitFor();
  await fine(page, 'a phone');
  await to('Chats');
  await page.getByRole('link', { name: /^Rina/ }).click();
  await page.getByRole('log').getByText('We are, until six.').waitFor();
  await fine(page, 'a conversation');
  await page.getByRole('button', { name: 'Send something else' }).click();
  await fine(page, 'what else can be sent');
  await page.keyboard.press('Escape');
  await to('Sessions');
  await page.getByRole('button', { name: 'New session' }).click();
  await fine(page, 'a new session');
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: /branch/ }).click();
  await page.getByRole('button', { name: 'Link', exact: true }).click();
  await page.getByRole('img', { name: /QR code/ }).waitFor();
  await fine(page, 'a QR code');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Add webhook' }).click();
  await page.getByLabel('Only these:').check();
  await fine(page, 'a webhook');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Log out and delete' }).click();
  await fine(page, 'a deletion');
  await page.keyboard.press('Escape');
}

test('every view is for everybody, light and dark, wide and narrow', async () => {
  let filled = false;
  for (const look of [
    { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
    { colorScheme: 'dark', viewport: { width: 320, height: 640 } },
  ]) {
    const { page, close } = await open({ ...look, reducedMotion: 'reduce' });
    try {
      await page.goto(`${BASE}/dashboard`);
      await page.getByLabel('Username').waitFor();
      await fine(page, 'the login');
      await logIn(page);
      if (!filled) {
        await page.getByText('No session yet').waitFor();
        await fine(page, 'an empty overview');
        await link(page, 'shop', await numberOf('Sandbox phone'));
        await page.keyboard.press('Escape');
        await api('POST', '/api/whatsapp/sessions/branch/connect', { network: 'sandbox' });
        await page.reload();
        await go(page, 'Overview');
        filled = true;
      }
      await page.getByText('WebSocket clients').waitFor();
      await tour(page, look.viewport.width < 821);
      await page.goto(`${BASE}/ws-test`);
      await page.getByLabel('Server').waitFor();
      await fine(page, 'the test of sockets');
    } finally {
      await close();
    }
  }
});

test('the keyboard is enough', async () => {
  const { page, close } = await open();
  try {
    await page.goto(`${BASE}/dashboard`);
    await page.getByLabel('Username').focus();
    await page.keyboard.type('admin');
    await page.keyboard.press('Tab');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByText('WebSocket clients').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main', 'the first link leads to the content');
    await go(page, 'Sessions');
    const button = page.getByRole('button', { name: 'New session' });
    await button.focus();
    await page.keyboard.press('Enter');
    await page.getByLabel('Session id').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'INPUT');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await button.evaluate((element) => element === document.activeElement), true, 'the focus comes back');
  } finally {
    await close();
  }
});

test('the page of sockets hears a session', async () => {
  const { page, close } = await open();
  try {
    await logIn(page);
    await page.getByText('WebSocket clients').waitFor();
    await page.goto(`${BASE}/ws-test`);
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await page.getByText('connect', { exact: true }).waitFor();
    await page.getByLabel('Session id').fill('shop');
    await page.getByRole('button', { name: 'Subscribe', exact: true }).click();
    await page.getByText('subscribed', { exact: true }).waitFor();
    const [from, to] = [await numberOf('Agus'), await numberOf('Sandbox phone')];
    await phones('POST', `/phones/${from}/send`, { to, text: 'heard by the test page' });
    await page.getByText('heard by the test page').first().waitFor();
  } finally {
    await close();
  }
});
