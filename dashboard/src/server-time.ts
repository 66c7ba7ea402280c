/** What time it is at the server: the clocks of computers differ, and times of events are the server's. */

let ahead = 0;

/** Takes over what an answer says. Headers have whole seconds. */
export function heard(response: Response): void {
  const there = Date.parse(response.headers.get('date') ?? '');
  if (!Number.isNaN(there)) ahead = there + 500 - Date.now();
}

/** Now, at the server. */
export function serverNow(): number {
  return Date.now() + ahead;
}
