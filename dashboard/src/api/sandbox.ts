/** The simulated phones, where this server offers them. */

import { raw } from './client';

export interface Phone {
  number: string;
  name: string;
  echo: boolean;
  devices: { id: number; online: boolean; queued: number }[];
}

export interface PhoneMessage {
  id: string;
  chat: string;
  from: string;
  to: string;
  type: string;
  text?: string | null;
  timestamp: number;
}

export interface Fault {
  id: number;
  kind: string;
  [more: string]: unknown;
}

const of = (number: string, rest = '') => `/api/sandbox/phones/${encodeURIComponent(number)}${rest}`;

export const sandbox = {
  phones: () => raw<Phone[]>('GET', '/api/sandbox/phones'),
  create: (name: string) => raw<Phone>('POST', '/api/sandbox/phones', { name }),
  scan: (number: string, qr: string) => raw<unknown>('POST', of(number, '/scan'), { qr }),
  messages: (number: string) => raw<PhoneMessage[]>('GET', of(number, '/messages')),
  send: (number: string, to: string, text: string) => raw<{ id: string }>('POST', of(number, '/send'), { to, text }),
  sendPicture: (number: string, to: string, data: string) =>
    raw<{ id: string }>('POST', of(number, '/send'), { to, image: { data } }),
  typing: (number: string, chat: string) => raw<unknown>('POST', of(number, '/typing'), { chat }),
  react: (number: string, chat: string, messageId: string, emoji: string) =>
    raw<unknown>('POST', of(number, '/react'), { chat, messageId, emoji }),
  read: (number: string, chat: string, messageIds: string[]) =>
    raw<unknown>('POST', of(number, '/read'), { chat, messageIds }),
  unlink: (number: string, device: number) => raw<unknown>('DELETE', of(number, `/devices/${device}`)),
  faults: () => raw<Fault[]>('GET', '/api/sandbox/faults'),
  addFault: (fault: Record<string, unknown>) => raw<{ id: number }>('POST', '/api/sandbox/faults', fault),
  removeFault: (id: number) => raw<unknown>('DELETE', `/api/sandbox/faults/${id}`),
  /** Waits, at most 25 seconds, until the network's counter is another than `after`. */
  changes: (after: number, signal: AbortSignal) =>
    raw<{ counter: number }>('GET', `/api/sandbox/changes?after=${after}`, undefined, signal),
};
