/** Every session of the server, kept current by its events. The list itself is read again when something may have come or gone. */

import { api, ask, type Session } from './api/client';
import { live } from './live/live.svelte';
import { serverNow } from './server-time';
import type { Kind, LiveEvent } from './live/kinds';

/** How often the list is read again: a session that somebody else makes sends no event here. */
const REFRESH_MS = 30_000;

/** How old an event may be that still says how things stand: the list was read after all that is older. */
const FRESH_MS = 60_000;

function isPast(event: LiveEvent): boolean {
  return serverNow() - Date.parse(event.timestamp) > FRESH_MS;
}

class Sessions {
  /** `undefined` until they were read. */
  list = $state.raw<Session[] | undefined>(undefined);
  problem = $state.raw<unknown>(undefined);
  /** The QR codes that wait, and since when. */
  codes = $state.raw<ReadonlyMap<string, { image: string; since: number }>>(new Map());
  connected = $derived(this.list?.filter((session) => session.isConnected).length ?? 0);
  #stop: (() => void) | undefined;

  start(): void {
    if (this.#stop) return;
    const unheard = live.on((kind, event) => this.#hear(kind, event));
    const timer = setInterval(() => void this.load(), REFRESH_MS);
    const returned = () => {
      if (document.visibilityState === 'visible') void this.load();
    };
    document.addEventListener('visibilitychange', returned);
    this.#stop = () => {
      unheard();
      clearInterval(timer);
      document.removeEventListener('visibilitychange', returned);
    };
    void this.load();
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.list = undefined;
    this.codes = new Map();
  }

  async load(): Promise<void> {
    try {
      const list = await ask(api.GET('/api/whatsapp/sessions'));
      list.sort((a, b) => a.sessionId.localeCompare(b.sessionId));
      this.list = list;
      this.problem = undefined;
      live.follow(list.map((session) => session.sessionId));
    } catch (cause) {
      this.problem = cause;
    }
  }

  find(id: string): Session | undefined {
    return this.list?.find((session) => session.sessionId === id);
  }

  /** Takes over what an answer told of a session. */
  put(session: Session): void {
    const others = (this.list ?? []).filter((one) => one.sessionId !== session.sessionId);
    this.list = [...others, session].sort((a, b) => a.sessionId.localeCompare(b.sessionId));
    live.follow(this.list.map((one) => one.sessionId));
  }

  drop(id: string): void {
    this.list = this.list?.filter((session) => session.sessionId !== id);
    this.#code(id, undefined);
    live.follow((this.list ?? []).map((session) => session.sessionId));
  }

  setCode(id: string, image: string): void {
    if (this.codes.get(id)?.image !== image) this.#code(id, image);
  }

  #hear(kind: Kind, event: LiveEvent): void {
    const id = event.sessionId;
    if (kind === 'qr' && typeof event['qrCode'] === 'string') {
      // A code of the past was scanned or is over long since.
      if (isPast(event)) return;
      this.#code(id, event['qrCode']);
      this.#change(id, { status: 'qr_ready', isConnected: false, reason: null });
    } else if ((kind === 'connection.update' || kind === 'logged.out') && !isPast(event)) {
      const status = event['status'];
      if (status !== 'connecting') this.#code(id, undefined);
      // Whatever the event says, the record says it completely.
      void this.#refresh(id);
    }
  }

  async #refresh(id: string): Promise<void> {
    try {
      const session = await ask(
        api.GET('/api/whatsapp/sessions/{session_id}/status', { params: { path: { session_id: id } } }),
      );
      this.#change(id, session);
    } catch {
      void this.load();
    }
  }

  #change(id: string, change: Partial<Session>): void {
    this.list = this.list?.map((session) => (session.sessionId === id ? { ...session, ...change } : session));
  }

  #code(id: string, image: string | undefined): void {
    const codes = new Map(this.codes);
    if (image === undefined) codes.delete(id);
    else codes.set(id, { image, since: Date.now() });
    this.codes = codes;
  }
}

export const sessions = new Sessions();
