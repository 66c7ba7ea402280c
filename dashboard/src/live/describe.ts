/** An event in one line. Everything shown comes from strangers and is shown as text. */

import { address } from '../format';
import { known, t } from '../texts/index.svelte';
import type { Kind, LiveEvent } from './kinds';

/** Longest part of a text that a line shows. */
const SHOWN = 160;

export interface MessageLike {
  chatId?: string;
  senderName?: string | null;
  senderPhone?: string;
  type?: string;
  text?: string | null;
  caption?: string | null;
  filename?: string | null;
  content?: unknown;
}

/** What a message says, in short. */
export function preview(message: MessageLike): string {
  const text = message.text || message.caption;
  if (text) return cut(text);
  const kind = known('kind', message.type ?? 'unknown') ?? t('kind.unknown');
  const content = (typeof message.content === 'object' && message.content !== null ? message.content : {}) as Record<string, unknown>;
  const more = message.filename ?? content['question'] ?? content['displayName'] ?? content['emoji'] ?? content['name'];
  return typeof more === 'string' && more !== '' ? `${kind}: ${cut(more)}` : kind;
}

/** A text as one line of a bounded length. */
export function cut(text: string): string {
  const line = text.slice(0, SHOWN * 2).replace(/\s+/g, ' ').trim();
  return line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line;
}

function first(value: unknown): Record<string, unknown> {
  const one: unknown = Array.isArray(value) ? value[0] : value;
  return (typeof one === 'object' && one !== null ? one : {}) as Record<string, unknown>;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

export function describe(kind: Kind, event: LiveEvent): string {
  const message = first(event['message']) as MessageLike;
  const who = cut(message.senderName || address(message.chatId ?? ''));
  switch (kind) {
    case 'qr':
      return t('event.qr');
    case 'connection.update': {
      const status = known('status', text(event['status'])) ?? text(event['status']);
      const reason = text(event['reason']);
      return reason === '' ? status : `${status}: ${known('reason', reason) ?? cut(reason)}`;
    }
    case 'message':
      return `${who}: ${preview(message)}`;
    case 'message.sent':
      return `${t('event.to', { who: address(message.chatId ?? '') })}: ${preview(message)}`;
    case 'message.update': {
      const update = first(first(event['update'])['update']);
      const status = known('delivery', text(update['status']));
      return status ?? (update['message'] === null ? t('event.deleted') : t('event.changed'));
    }
    case 'message.reaction': {
      const emoji = text(first(first(event['reactions'])['reaction'])['text']);
      return emoji === '' ? t('event.unreacted') : t('event.reacted', { emoji: cut(emoji) });
    }
    case 'presence.update': {
      const presence = first(event['presence']);
      const states = Object.values(first(presence['presences'])).map((one) => text(first(one)['lastKnownPresence']));
      const state = states[0] ?? '';
      return `${address(text(presence['id']))}: ${known('presence', state) ?? state}`;
    }
    case 'call':
      return `${address(text(first(event['call'])['from']))}: ${known('call', text(first(event['call'])['status'])) ?? text(first(event['call'])['status'])}`;
    case 'chat.delete':
      return address(text((event['chatIds'] as unknown[] | undefined)?.[0]));
    case 'chat.update':
    case 'chat.upsert':
      return cut(text(first(event['chats'])['name']) || address(text(first(event['chats'])['id'])));
    case 'contact.update': {
      const contact = first(event['contacts']);
      return cut(text(contact['name']) || text(contact['notify']) || address(text(contact['id'])));
    }
    case 'group.participants': {
      const update = first(event['update']);
      const count = Array.isArray(update['participants']) ? update['participants'].length : 0;
      return `${text(update['action'])} · ${count}`;
    }
    case 'group.update':
      return cut(text(first(event['update'])['subject']) || text(first(event['update'])['id']));
    default:
      return cut(text(event['message']));
  }
}
