/**
 * The one connection to Socket.IO. Whoever wants a session's events says so; after a lost connection every session goes on from its
 * last cursor, so that nothing is missed. Nothing else touches the socket.
 */

import { io, type Socket } from 'socket.io-client';
import { serverNow } from '../server-time';
import { KINDS, type Kind, type LiveEvent } from './kinds';

/** How much of the past is asked for when a page is opened, and with how many sessions at most: theirs may be a lot together. */
const PAST_MS = 30 * 60_000;
const MOST_WITH_PAST = 50;

/** The server's own limit for one connection. */
export const MOST_SESSIONS = 1_000;

type Listener = (kind: Kind, event: LiveEvent) => void;

class Live {
  state = $state<'off' | 'connecting' | 'connected' | 'lost'>('off');
  /** How often the connection came back. */
  returns = $state(0);
  #socket: Socket | undefined;
  #cursors = new Map<string, string>();
  #wanted = new Set<string>();
  /** Where the past begins that is asked for: a cursor is a time and a number. */
  #begin = '';
  #listeners = new Set<Listener>();

  open(): void {
    if (this.#socket) return;
    this.state = 'connecting';
    this.#begin = `${serverNow() - PAST_MS}-0`;
    const socket = io({ transports: ['websocket', 'polling'], withCredentials: true });
    this.#socket = socket;
    let before = false;
    socket.on('connect', () => {
      this.state = 'connected';
      if (before) this.returns += 1;
      before = true;
      for (const id of this.#wanted) this.#subscribe(id);
    });
    socket.on('disconnect', () => (this.state = 'lost'));
    socket.on('connect_error', () => (this.state = 'lost'));
    socket.on('subscribed', (reply: { sessionId: string; cursor?: string }) => {
      if (reply.cursor !== undefined && !this.#cursors.has(reply.sessionId)) {
        this.#cursors.set(reply.sessionId, reply.cursor);
      }
    });
    for (const kind of KINDS) {
      socket.on(kind, (event: LiveEvent) => {
        this.#cursors.set(event.sessionId, event.cursor);
        for (const listener of this.#listeners) listener(kind, event);
      });
    }
  }

  close(): void {
    this.#socket?.disconnect();
    this.#socket = undefined;
    this.#wanted.clear();
    this.#cursors.clear();
    this.state = 'off';
  }

  /** Makes these the sessions whose events arrive. */
  follow(ids: readonly string[]): void {
    const wanted = new Set(ids.slice(0, MOST_SESSIONS));
    for (const id of this.#wanted) {
      if (wanted.has(id)) continue;
      this.#socket?.emit('unsubscribe', id);
      this.#cursors.delete(id);
    }
    const fresh = [...wanted].filter((id) => !this.#wanted.has(id));
    this.#wanted = wanted;
    if (this.#socket?.connected) for (const id of fresh) this.#subscribe(id);
  }

  /** Asks for what the log still has of a session. */
  replay(id: string): void {
    this.#socket?.emit('unsubscribe', id);
    this.#socket?.emit('subscribe', { sessionId: id, after: '0-0' });
  }

  /** Hears every event until the returned function is called. */
  on(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether a session's events arrive. */
  follows(id: string): boolean {
    return this.#wanted.has(id);
  }

  #subscribe(id: string): void {
    const begin = this.#wanted.size <= MOST_WITH_PAST ? this.#begin : undefined;
    const after = this.#cursors.get(id) ?? begin;
    this.#socket?.emit('subscribe', after === undefined ? id : { sessionId: id, after });
  }
}

export const live = new Live();
