/** Short notices at the edge of the screen: what was done, what failed. Failures stay until they are read. */

import { Failure } from './api/client';
import { known, t } from './texts/index.svelte';

export interface Notice {
  id: number;
  kind: 'done' | 'failed';
  text: string;
  code?: string;
}

/** How long a success is shown. */
const SHOWN_MS = 4_000;

/** More than these nobody reads. */
const MOST = 4;

class Notices {
  list = $state<Notice[]>([]);
  #next = 0;

  done(text: string): void {
    const id = this.#add({ kind: 'done', text });
    setTimeout(() => this.close(id), SHOWN_MS);
  }

  failed(cause: unknown): void {
    const { text, code } = explain(cause);
    this.#add(code === undefined ? { kind: 'failed', text } : { kind: 'failed', text, code });
  }

  close(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }

  #add(notice: Omit<Notice, 'id'>): number {
    const id = ++this.#next;
    this.list = [...this.list.slice(-(MOST - 1)), { id, ...notice }];
    return id;
  }
}

/** A failure in words, with the code that the API gave. */
export function explain(cause: unknown): { text: string; code?: string } {
  if (!(cause instanceof Failure)) return { text: cause instanceof Error ? cause.message : String(cause) };
  const text = known('code', cause.code) ?? cause.message;
  if (cause.retryAfter !== undefined) return { text: `${text} ${t('error.retry', { seconds: cause.retryAfter })}`, code: cause.code };
  return { text, code: cause.code };
}

export const notices = new Notices();
