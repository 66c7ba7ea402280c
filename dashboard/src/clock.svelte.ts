/** What time it is at the server, often enough for relative times. */

import { serverNow } from './server-time';

class Clock {
  now = $state(serverNow());

  constructor() {
    setInterval(() => (this.now = serverNow()), 5_000);
  }
}

export const clock = new Clock();
