/** The seventeen events of the API, and what they look like here. */

export const KINDS = [
  'qr',
  'connection.update',
  'message',
  'message.sent',
  'message.update',
  'message.reaction',
  'message.revoke',
  'chat.update',
  'chat.upsert',
  'chat.delete',
  'contact.update',
  'presence.update',
  'group.participants',
  'group.update',
  'call',
  'labels',
  'logged.out',
] as const;

export type Kind = (typeof KINDS)[number];

/** An event as it arrives. */
export interface LiveEvent {
  sessionId: string;
  timestamp: string;
  cursor: string;
  [field: string]: unknown;
}

export type Tone = 'info' | 'good' | 'warn' | 'bad' | 'plain';

/** The colour of an event. */
export function tone(kind: string, event: LiveEvent): Tone {
  if (kind === 'logged.out') return 'bad';
  if (kind === 'connection.update') {
    return event['status'] === 'connected' ? 'good' : event['status'] === 'disconnected' ? 'warn' : 'info';
  }
  if (kind === 'qr') return 'info';
  if (kind === 'message' || kind === 'message.sent') return 'good';
  return 'plain';
}
