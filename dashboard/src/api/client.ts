/** The API of this server, typed by its own OpenAPI document. No key: the browser's cookie says who asks. */

import createClient from 'openapi-fetch';
import { heard } from '../server-time';
import type { components, paths } from './schema';

export type Session = components['schemas']['SessionSummary'];
export type Message = components['schemas']['Message'];
export type Chat = components['schemas']['ChatSummary'];
export type Contact = components['schemas']['ContactSummary'];
export type Webhook = components['schemas']['WebhookView'];
export type WebhookHealth = components['schemas']['WebhookHealth'];
export type Delivery = components['schemas']['Delivery'];
export type Network = Session['network'];

/** Requests as the document describes them. */
export const api = createClient<paths>({ baseUrl: location.origin, credentials: 'same-origin' });
api.use({ onResponse: ({ response }) => heard(response) });

/** Why a request failed: the sentence and the code of the API. */
export class Failure extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly status: number,
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

/** Hears of a login that is over. */
let ended: () => void = () => {};

export function onLoginEnded(listener: () => void): void {
  ended = listener;
}

interface Answer {
  data?: unknown;
  error?: unknown;
  response: Response;
}

type Body<A extends Answer> = NonNullable<A['data']>;
type Data<A extends Answer> = Body<A> extends { data: infer D } ? D : undefined;

/** What an answer carries; everything else is a [`Failure`]. */
export async function ask<A extends Answer>(request: Promise<A>): Promise<Data<A>> {
  let answer: A;
  try {
    answer = await request;
  } catch (cause) {
    // An answer that is no JSON comes from something between us and the server.
    throw new Failure(cause instanceof Error ? cause.message : String(cause), 'unreachable', 0);
  }
  if (answer.response.ok) return (answer.data as { data?: unknown } | undefined)?.data as Data<A>;
  throw refused(answer.response, answer.error);
}

/** The failure that a refused request tells of. */
export function refused(response: Response, body: unknown): Failure {
  const told = (typeof body === 'object' && body !== null ? body : {}) as { message?: unknown; code?: unknown };
  const message = typeof told.message === 'string' ? told.message : `HTTP ${response.status}`;
  const code = typeof told.code === 'string' ? told.code : `http_${response.status}`;
  const seconds = Number(response.headers.get('retry-after'));
  if (code === 'missing_api_key' || code === 'not_logged_in') ended();
  return new Failure(message, code, response.status, seconds > 0 ? seconds : undefined);
}

/** Any path of this server, for what is not in the document. */
export async function raw<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const options: RequestInit = { method, credentials: 'same-origin' };
  if (body !== undefined) {
    options.headers = { 'content-type': 'application/json' };
    options.body = JSON.stringify(body);
  }
  if (signal) options.signal = signal;
  let response: Response;
  try {
    response = await fetch(path, options);
  } catch (cause) {
    throw new Failure(cause instanceof Error ? cause.message : String(cause), 'unreachable', 0);
  }
  const answer: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw refused(response, answer);
  return (answer as { data: T }).data;
}
