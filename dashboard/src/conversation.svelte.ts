/**
 * One chat: its history page by page, what arrives, and what is being sent. A message that is sent is shown at once. While nobody knows
 * what became of it, it is tried again under the same key, so that nobody gets it twice.
 */

import { ask, api, Failure, type Message } from './api/client';
import { live } from './live/live.svelte';
import { serverNow } from './server-time';
import type { Kind, LiveEvent } from './live/kinds';
import type { Draft } from './drafts';
import { send } from './drafts';

/** Messages of a page. */
const PAGE = 50;

/** How long somebody who types is shown, if nothing more is heard. */
const TYPING_MS = 12_000;

/** A message as it is shown. */
export interface Shown {
  key: string;
  message: Message;
  /** It is on its way, or did not get there. */
  sending?: 'sending' | 'failed';
  cause?: unknown;
  deleted?: boolean;
  edited?: boolean;
  /** Why its file cannot be had. */
  lost?: string;
  /** A picture that was sent from here. */
  picture?: string;
  reactions: ReadonlyMap<string, string>;
}

/** Kinds that say something about another message and are no message of their own. */
const ABOUT_OTHERS = new Set(['reaction', 'protocol', 'poll_vote']);

type Fields = Record<string, unknown>;

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function list(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fields) : [];
}

export class Conversation {
  /** The oldest first; `undefined` until they were read. */
  messages = $state.raw<readonly Shown[] | undefined>(undefined);
  hasMore = $state(false);
  loading = $state(false);
  problem = $state.raw<unknown>(undefined);
  /** Somebody types or records. */
  typing = $state<'composing' | 'recording' | undefined>(undefined);
  #cursor: string | null = null;
  #typingEnds: ReturnType<typeof setTimeout> | undefined;
  #drafts = new Map<string, Draft>();
  #unheard: () => void;

  constructor(
    readonly session: string,
    readonly chat: string,
  ) {
    this.#unheard = live.on((kind, event) => {
      if (event.sessionId === session) this.#hear(kind, event);
    });
    void this.load();
  }

  close(): void {
    this.#unheard();
    clearTimeout(this.#typingEnds);
  }

  /** Reads the newest page, or the one before the oldest message that is there. */
  async load(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    this.problem = undefined;
    try {
      const cursor = this.#cursor;
      const body = { sessionId: this.session, chatId: this.chat, limit: PAGE, ...(cursor === null ? {} : { cursor }) };
      const page = await ask(api.POST('/api/whatsapp/chats/messages', { body }));
      this.#cursor = page.cursor ?? cursor;
      this.hasMore = page.hasMore;
      const older: Shown[] = [];
      const there = this.messages ?? [];
      const known = new Set(there.map((shown) => shown.message.id));
      for (const message of page.messages.toReversed()) {
        if (!known.has(message.id) && !ABOUT_OTHERS.has(message.type)) older.push(plain(message));
      }
      // An event may have brought a message that is older than some of the page.
      this.messages = [...older, ...there].sort((a, b) => a.message.timestamp - b.message.timestamp);
      for (const message of page.messages.toReversed()) if (message.type === 'reaction') this.#reacted(message);
    } catch (cause) {
      this.problem = cause;
    } finally {
      this.loading = false;
    }
  }

  async send(draft: Draft): Promise<void> {
    const key = unique();
    this.#drafts.set(key, draft);
    const shown: Shown = { key, message: draft.preview, sending: 'sending', reactions: new Map() };
    if (draft.picture !== undefined) shown.picture = draft.picture;
    this.messages = [...(this.messages ?? []), shown];
    await this.#deliver(key);
  }

  async again(key: string): Promise<void> {
    const failed = this.messages?.find((shown) => shown.key === key);
    const draft = this.#drafts.get(key);
    if (!failed || !draft) return;
    // An outcome that is known is what the old key is answered with for ever.
    const next = isOpen(failed.cause) ? key : unique();
    this.#drafts.delete(key);
    this.#drafts.set(next, draft);
    this.#change((shown) => shown.key === key, (shown) => ({ ...without(shown), key: next, sending: 'sending' }));
    await this.#deliver(next);
  }

  discard(key: string): void {
    this.#drafts.delete(key);
    this.messages = this.messages?.filter((shown) => shown.key !== key);
  }

  async #deliver(key: string): Promise<void> {
    const draft = this.#drafts.get(key);
    if (!draft) return;
    const isOpenStill = (shown: Shown) => shown.key === key && shown.sending === 'sending';
    try {
      const sent = await send(this.session, this.chat, draft, key);
      this.#drafts.delete(key);
      // Its event may have been quicker.
      if (this.messages?.some((shown) => shown.message.id === sent.messageId)) {
        if (this.messages.some(isOpenStill)) this.discard(key);
      } else {
        const done = (message: Message) => ({ ...message, id: sent.messageId, status: message.status ?? 2 });
        this.#change(isOpenStill, (shown) => ({ ...without(shown), message: done(shown.message) }));
      }
    } catch (cause) {
      this.#change(isOpenStill, (shown) => ({ ...shown, sending: 'failed', cause }));
    }
  }

  #hear(kind: Kind, event: LiveEvent): void {
    switch (kind) {
      case 'message':
      case 'message.sent': {
        const message = event['message'] as Message | null;
        if (message?.chatId === this.chat) this.#arrived(message);
        break;
      }
      case 'message.update':
        for (const one of list(event['update'])) this.#updated(fields(one['key']), fields(one['update']));
        break;
      case 'message.revoke':
        this.#deleted(fields(event['key'])['id']);
        break;
      case 'message.reaction':
        for (const one of list(event['reactions'])) {
          const by = fields(fields(one['reaction'])['key']);
          const who = by['fromMe'] === true ? 'me' : String(by['participant'] ?? by['remoteJid'] ?? '');
          this.#react(fields(one['key'])['id'], who, String(fields(one['reaction'])['text'] ?? ''));
        }
        break;
      case 'presence.update':
        this.#present(fields(event['presence']), event.timestamp);
        break;
      case 'chat.delete':
        if (Array.isArray(event['chatIds']) && event['chatIds'].includes(this.chat)) this.messages = [];
        break;
    }
  }

  #arrived(message: Message): void {
    if (!message.fromMe) this.typing = undefined;
    if (message.type === 'reaction') return this.#reacted(message);
    if (ABOUT_OTHERS.has(message.type)) return;
    const there = this.messages ?? [];
    if (there.some((shown) => shown.message.id === message.id)) {
      this.#change((shown) => shown.message.id === message.id, (shown) => ({ ...without(shown), message }));
    } else if (message.fromMe && there.some((shown) => isDraftOf(shown, message))) {
      // Sent from here, and its event is quicker than its answer.
      this.#change((shown) => isDraftOf(shown, message), (shown) => ({ ...without(shown), message }));
    } else {
      // What comes from the log may be older than what is there.
      const place = there.findLastIndex((shown) => shown.message.timestamp <= message.timestamp) + 1;
      if (place > 0 || !this.hasMore) this.messages = there.toSpliced(place, 0, plain(message));
    }
  }

  #reacted(message: Message): void {
    const content = fields(message.content);
    this.#react(content['targetMessageId'], message.fromMe ? 'me' : message.sender, String(content['emoji'] ?? ''));
  }

  #react(id: unknown, who: string, emoji: string): void {
    this.#change(
      (shown) => shown.message.id === id,
      (shown) => {
        const reactions = new Map(shown.reactions);
        if (emoji === '') reactions.delete(who);
        else reactions.set(who, emoji);
        return { ...shown, reactions };
      },
    );
  }

  #updated(key: Fields, update: Fields): void {
    const id = key['id'];
    if (update['message'] === null) return this.#deleted(id);
    const status = update['status'];
    if (typeof status === 'number') {
      this.#change(
        (shown) => shown.message.id === id && (shown.message.status ?? 0) < status,
        (shown) => ({ ...shown, message: { ...shown.message, status } }),
      );
    }
    const trouble = update['mediaError'];
    if (typeof trouble === 'string') {
      this.#change((shown) => shown.message.id === id, (shown) => ({ ...shown, lost: trouble, message: { ...shown.message, mediaUrl: null } }));
    }
    const edited = fields(fields(fields(update['message'])['editedMessage'])['message']);
    const text = edited['conversation'] ?? fields(edited['extendedTextMessage'])['text'];
    if (typeof text === 'string') {
      this.#change((shown) => shown.message.id === id, (shown) => ({ ...shown, edited: true, message: { ...shown.message, text } }));
    }
  }

  #deleted(id: unknown): void {
    this.#change((shown) => shown.message.id === id, (shown) => ({ ...shown, deleted: true }));
  }

  #present(presence: Fields, at: string): void {
    if (presence['id'] !== this.chat || serverNow() - Date.parse(at) > TYPING_MS) return;
    const states = Object.values(fields(presence['presences'])).map((one) => fields(one)['lastKnownPresence']);
    const state = states.find((one) => one === 'composing' || one === 'recording');
    this.typing = state as 'composing' | 'recording' | undefined;
    clearTimeout(this.#typingEnds);
    if (this.typing) this.#typingEnds = setTimeout(() => (this.typing = undefined), TYPING_MS);
  }

  #change(which: (shown: Shown) => boolean, change: (shown: Shown) => Shown): void {
    const there = this.messages;
    const place = there?.findLastIndex(which) ?? -1;
    const found = there?.[place];
    if (!there || !found) return;
    this.messages = there.with(place, change(found));
  }
}

/** Whether a message is the one that is being sent. */
function isDraftOf(shown: Shown, message: Message): boolean {
  const draft = shown.message;
  return shown.sending === 'sending' && draft.type === message.type && (draft.text ?? '') === (message.text ?? '');
}

/** Whether nobody knows what became of a message: no answer, or one that says so. */
function isOpen(cause: unknown): boolean {
  return cause instanceof Failure && [0, 408, 503, 504].includes(cause.status);
}

/** A key that nobody used. `randomUUID` is for pages that came over TLS only. */
function unique(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function plain(message: Message): Shown {
  return { key: message.id, message, reactions: new Map() };
}

function without(shown: Shown): Shown {
  const { sending: _, cause: __, ...rest } = shown;
  return rest;
}
