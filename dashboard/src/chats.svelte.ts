/** The chats of one session, the one with the newest message first; kept current by its events. */

import { api, ask, type Chat } from './api/client';
import { live } from './live/live.svelte';

/** Chats of a page. */
const PAGE = 60;

/** How long events are collected before the list is read again, and how often at most. */
const COLLECT_MS = 150;

export class Chats {
  list = $state.raw<Chat[] | undefined>(undefined);
  total = $state(0);
  problem = $state.raw<unknown>(undefined);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #loading = false;
  #again = false;
  #unheard: () => void;

  constructor(readonly session: string) {
    void this.load();
    this.#unheard = live.on((kind, event) => {
      if (event.sessionId !== session) return;
      if (kind.startsWith('message') || kind.startsWith('chat') || kind === 'contact.update' || kind === 'group.update') this.#soon();
    });
  }

  close(): void {
    this.#unheard();
    clearTimeout(this.#timer);
  }

  async load(): Promise<void> {
    if (this.#loading) {
      this.#again = true;
      return;
    }
    this.#loading = true;
    try {
      const limit = Math.min(500, Math.max(PAGE, this.list?.length ?? 0));
      const page = await ask(api.POST('/api/whatsapp/chats/overview', { body: { sessionId: this.session, limit } }));
      // Pages beyond the first request stay as they were read.
      this.list = [...page.chats, ...(this.list ?? []).slice(limit).filter((old) => !page.chats.some((chat) => chat.id === old.id))];
      this.total = page.total;
      this.problem = undefined;
    } catch (cause) {
      this.problem = cause;
    } finally {
      this.#loading = false;
      if (this.#again) {
        this.#again = false;
        this.#soon();
      }
    }
  }

  /** Reads what comes after the chats that are there. */
  async more(): Promise<void> {
    const list = this.list;
    if (!list || this.#loading || list.length >= this.total) return;
    this.#loading = true;
    try {
      const page = await ask(
        api.POST('/api/whatsapp/chats/overview', { body: { sessionId: this.session, limit: PAGE, offset: list.length } }),
      );
      const known = new Set(list.map((chat) => chat.id));
      this.list = [...list, ...page.chats.filter((chat) => !known.has(chat.id))];
      this.total = page.total;
    } catch (cause) {
      this.problem = cause;
    } finally {
      this.#loading = false;
    }
  }

  /** Somebody looks at a chat: what is unread there is read. */
  async read(id: string): Promise<void> {
    if (!this.list?.some((chat) => chat.id === id && chat.unreadCount > 0)) return;
    this.list = this.list.map((chat) => (chat.id === id ? { ...chat, unreadCount: 0 } : chat));
    try {
      await ask(api.POST('/api/whatsapp/chats/mark-read', { body: { sessionId: this.session, chatId: id } }));
    } catch {
      // The next reading of the list shows what is so.
      this.#soon();
    }
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.load();
    }, COLLECT_MS);
  }
}
