// Two thousand sessions, and events two hundred times a second: the page stays quick, because only what is in sight is there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { go, link, logIn, numberOf, open, phones, until } from './browser.mjs';

/** Rows that may be there: a screen of them, and a few beyond its edges. */
const MOST_ROWS = 60;

/** The longest that a frame usually takes, in milliseconds. A smooth one has 16; other tests use this machine as well. */
const USUAL_FRAME = 100;

/** Frame times while `work` is done in the page, the middle one. */
async function frames(page, work) {
  await page.evaluate(() => {
    globalThis.frames_ = [];
    let before = performance.now();
    const next = (now) => {
      globalThis.frames_.push(now - before);
      before = now;
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  await work();
  const times = await page.evaluate(() => globalThis.frames_);
  assert.ok(times.length > 10, `${times.length} frames`);
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
}

test('long lists scroll, and many events arrive, without stopping the page', async () => {
  const { page, close } = await open();
  try {
    const owner = await numberOf('Sandbox phone');
    await logIn(page);
    await page.getByText('WebSocket clients').waitFor();
    await go(page, 'Sessions');
    const list = page.getByRole('list', { name: 'Sessions' });
    await list.getByText('many-0000').first().waitFor();
    const scrolled = await frames(page, async () => {
      for (const place of [0.1, 0.3, 0.5, 0.7, 0.9, 1]) {
        await list.evaluate((element, place) => (element.scrollTop = element.scrollHeight * place), place);
        await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
        assert.ok((await list.getByRole('listitem').count()) < MOST_ROWS);
      }
    });
    assert.ok(scrolled < USUAL_FRAME, `a frame of scrolling takes ${scrolled} ms`);
    await list.getByText('many-1999').first().waitFor();

    await link(page, 'aaa', owner);
    await page.keyboard.press('Escape');
    await go(page, 'Live events');
    const events = page.getByRole('list', { name: 'Live events' });
    const flowed = await frames(page, async () => {
      await phones('POST', '/burst', { to: owner, senders: 5, perSecond: 200, count: 1_000 });
      const size = async () => Number(await events.getByRole('listitem').first().getAttribute('aria-setsize').catch(() => 0));
      await until('a thousand events', async () => (await size()) >= 1_000);
      assert.ok((await events.getByRole('listitem').count()) < MOST_ROWS);
    });
    assert.ok(flowed < USUAL_FRAME, `a frame takes ${flowed} ms while events arrive`);
  } finally {
    await close();
  }
});
