/** Times, numbers and addresses as people read them. Pure. */

/** A time as its distance from now. */
export function ago(then: number, now: number, language: string): string {
  const seconds = Math.round((then - now) / 1000);
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [
    ['second', 60],
    ['minute', 60],
    ['hour', 24],
    ['day', 30],
    ['month', 12],
  ];
  let value = seconds;
  for (const [unit, size] of steps) {
    if (Math.abs(value) < size) return unit === 'second' && Math.abs(value) < 5 ? format.format(0, 'second') : format.format(value, unit);
    value = Math.trunc(value / size);
  }
  return format.format(value, 'year');
}

/** A time exactly. */
export function exact(then: number, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' }).format(then);
}

/** The time of day, with the date when it is another than today's. */
export function short(then: number, now: number, language: string): string {
  const same = new Date(then).toDateString() === new Date(now).toDateString();
  const time: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' };
  const options: Intl.DateTimeFormatOptions = same ? time : { day: 'numeric', month: 'short' };
  return new Intl.DateTimeFormat(language, options).format(then);
}

/** A day. */
export function day(then: number, language: string): string {
  return new Intl.DateTimeFormat(language, { weekday: 'long', day: 'numeric', month: 'long' }).format(then);
}

/** The person or group behind an address, when no name is known: `+62812…`. */
export function address(jid: string): string {
  const digits = /^(\d{5,15})@(s\.whatsapp\.net|c\.us)$/.exec(jid)?.[1];
  return digits === undefined ? jid : `+${digits}`;
}

/** The address of a file at this server, whatever name of it the link has: there is one public place for everything. */
export function local(url: string): string {
  const { pathname, search } = new URL(url, location.origin);
  return pathname + search;
}

/** The one or two letters that stand for a name. */
export function initials(name: string): string {
  const words = name.replace(/[^\p{L}\p{N} ]/gu, ' ').trim().split(/\s+/u);
  const letters = words.slice(0, 2).map((word) => [...word][0] ?? '');
  return letters.join('').toUpperCase() || '·';
}

/** The shell command that asks the same. */
export function curl(method: string, url: string, body: string | undefined): string {
  const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  const parts = ['curl', '-s', ...(method === 'GET' ? [] : ['-X', method]), quote(url), '-H', '"X-Api-Key: $API_KEY"'];
  if (body !== undefined) parts.push('-H', quote('Content-Type: application/json'), '-d', quote(body));
  return parts.join(' ');
}
