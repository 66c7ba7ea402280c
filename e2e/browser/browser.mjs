// A browser with the dashboard in it, and the simulated phones beside it. Whatever the page complains of fails the test.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { chromium } from 'playwright-core';

/** Where the server is, what opens it, and where its phones are driven; the Rust test says so. */
export const { BASE, KEY, PASSWORD, PHONES, CHROMIUM } = process.env;

/** How long a fact may take: as long as the other tests of the stack wait. */
export const SOON = 30_000;

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Opens a page; `close` fails when the page had complaints. */
export async function open(options = {}) {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US', ...options });
  context.setDefaultTimeout(SOON);
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // Refused requests are told by the browser as well; what they mean is looked at where they are made.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text());
  });
  const close = async () => {
    await browser.close();
    assert.deepEqual(complaints, [], 'the page complains of nothing');
  };
  return { browser, context, page, close };
}

export async function logIn(page, password = PASSWORD) {
  await page.goto(`${BASE}/dashboard`);
  await page.getByLabel('Username').fill('admin');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** Goes to a place of the dashboard by its menu. */
export async function go(page, name) {
  await page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor({ state: 'attached' });
}

/** Creates a session in the dashboard and links it to a simulated phone. */
export async function link(page, id, phone) {
  await go(page, 'Sessions');
  await page.getByRole('button', { name: 'New session' }).click();
  await page.getByLabel('Session id').fill(id);
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByRole('img', { name: `QR code that links ${id}` }).waitFor();
  await page.getByRole('combobox', { name: 'Phone' }).selectOption(phone);
  await page.getByRole('button', { name: 'Scan the code' }).click();
  await page.getByText('Linked and connected').waitFor();
}

/** What the browser's own rules of accessibility find, as text. */
export async function findings(page) {
  // As a script of the developer tools: the page's policy allows none of ours.
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target.join(' ')}: ${node.failureSummary}`));
}

/** A fact that is waited for. */
export async function until(what, look) {
  const deadline = Date.now() + SOON;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    assert.ok(Date.now() < deadline, `${what}: not within ${SOON} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Asks the API with the key. */
export async function api(method, path, body) {
  const headers = { 'x-api-key': KEY, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
  const answer = await fetch(`${BASE}${path}`, { method, headers, body: body && JSON.stringify(body) });
  return { status: answer.status, ...(await answer.json()) };
}

/** Asks the simulated network. */
export async function phones(method, path, body) {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await fetch(`${PHONES}/admin${path}`, { method, headers, body: body && JSON.stringify(body) });
  const json = await answer.json();
  assert.ok(answer.ok, `${method} ${path}: ${JSON.stringify(json)}`);
  return json.data;
}

/** The number of a phone by its name. */
export async function numberOf(name) {
  return (await phones('GET', '/phones')).find((phone) => phone.name === name)?.number ?? assert.fail(`no phone ${name}`);
}

/** A phone shows a message that fits. */
export function received(number, fits) {
  return until(`a message at ${number}`, async () => (await phones('GET', `/phones/${number}/messages`)).find(fits));
}

let failed = false;

/** A part of a story. After one that failed the others have nothing to begin with, and are left out. */
export function part(name, work) {
  test(name, async (context) => {
    if (failed) return context.skip('a part before it failed');
    failed = true;
    await work();
    failed = false;
  });
}
