/**
 * What happened lately, newest first. Events come in at any rate; they are shown together a few times a second, so that the page stays
 * quick whatever the rate is.
 */

import { live } from './live/live.svelte';
import { serverNow } from './server-time';
import type { Kind, LiveEvent } from './live/kinds';

/** Events that are kept: as many as the server's log has of one session. */
export const MOST_EVENTS = 10_000;

/** How often what came is shown. */
const SHOWN_EVERY_MS = 120;

/** Minutes of the chart. */
export const MINUTES = 30;

export interface Entry {
  id: number;
  kind: Kind;
  event: LiveEvent;
  at: number;
}

export interface Filter {
  session: string;
  kind: string;
  text: string;
}

/** Whether an entry is one that is looked for. */
export function fits(entry: Entry, filter: Filter): boolean {
  if (filter.session !== '' && entry.event.sessionId !== filter.session) return false;
  if (filter.kind !== '' && entry.kind !== filter.kind) return false;
  return filter.text === '' || haystack(entry).includes(filter.text.toLowerCase());
}

const texts = new WeakMap<Entry, string>();

/** The text of an entry; a QR code is a picture and none. */
function haystack(entry: Entry): string {
  let text = texts.get(entry);
  if (text === undefined) {
    text = JSON.stringify(entry.event, (key, value: unknown) => (key === 'qrCode' ? undefined : value)).toLowerCase();
    texts.set(entry, text);
  }
  return text;
}

class Feed {
  entries = $state.raw<readonly Entry[]>([]);
  /** Messages in and out of each of the last minutes, the oldest first. */
  chart = $state.raw<{ minute: number; received: number; sent: number }[]>([]);
  #waiting: Entry[] = [];
  #seen = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #next = 0;
  #stop: (() => void) | undefined;

  start(): void {
    this.#stop ??= live.on((kind, event) => this.#take(kind, event));
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.clear();
    this.chart = [];
  }

  clear(): void {
    this.entries = [];
    this.#waiting = [];
    this.#seen.clear();
  }

  #take(kind: Kind, event: LiveEvent): void {
    // The same event may come again when a session's log is read.
    const name = `${event.sessionId} ${event.cursor}`;
    if (this.#seen.has(name)) return;
    this.#seen.add(name);
    const at = Date.parse(event.timestamp) || serverNow();
    this.#waiting.push({ id: this.#next++, kind, event, at });
    this.#timer ??= setTimeout(() => this.#show(), SHOWN_EVERY_MS);
  }

  #show(): void {
    this.#timer = undefined;
    const fresh = this.#waiting.reverse();
    this.#waiting = [];
    this.#count(fresh);
    const newest = this.entries[0]?.at ?? 0;
    const all = [...fresh, ...this.entries];
    // What was read from a log is older than what is there.
    if (fresh.some((entry) => entry.at < newest)) all.sort((a, b) => b.at - a.at || b.id - a.id);
    for (const dropped of all.slice(MOST_EVENTS)) this.#seen.delete(`${dropped.event.sessionId} ${dropped.event.cursor}`);
    this.entries = all.slice(0, MOST_EVENTS);
  }

  #count(fresh: readonly Entry[]): void {
    const now = Math.floor(serverNow() / 60_000);
    const minutes = new Map(this.chart.map((one) => [one.minute, { ...one }]));
    for (const entry of fresh) {
      if (entry.kind !== 'message' && entry.kind !== 'message.sent') continue;
      const minute = Math.floor(entry.at / 60_000);
      if (minute <= now - MINUTES) continue;
      const one = minutes.get(minute) ?? { minute, received: 0, sent: 0 };
      if (entry.kind === 'message') one.received += 1;
      else one.sent += 1;
      minutes.set(minute, one);
    }
    const kept = [...minutes.values()].filter((one) => one.minute > now - MINUTES);
    this.chart = kept.sort((a, b) => a.minute - b.minute);
  }
}

export const feed = new Feed();
