/** Who is logged in, and what this server offers. The login itself is a cookie that no script can read. */

import { api, ask, Failure, onLoginEnded, type Network } from './api/client';
import { sandbox } from './api/sandbox';

export interface Here {
  username: string;
  sandbox: boolean;
  defaultNetwork: Network;
  version: string;
}

class Me {
  /** `undefined` while nobody knows, `null` when nobody is logged in. */
  here = $state.raw<Here | null | undefined>(undefined);
  /** The simulated phones can be driven from here. */
  phones = $state(false);
  /** Why it is not known who is logged in. */
  problem = $state.raw<unknown>(undefined);
  /** A login was there and is over. */
  expired = $state(false);

  constructor() {
    onLoginEnded(() => {
      if (this.here) this.expired = true;
      this.here = null;
    });
  }

  async look(): Promise<void> {
    this.problem = undefined;
    try {
      this.#enter(await ask(api.GET('/api/dashboard/session')));
    } catch (cause) {
      if (cause instanceof Failure && cause.status === 401) this.here = null;
      else this.problem = cause;
    }
  }

  async logIn(username: string, password: string): Promise<void> {
    await ask(api.POST('/api/dashboard/login', { body: { username, password } }));
    this.#enter(await ask(api.GET('/api/dashboard/session')));
    this.expired = false;
  }

  async logOut(): Promise<void> {
    await ask(api.POST('/api/dashboard/logout'));
    this.expired = false;
    this.here = null;
  }

  #enter(here: Here): void {
    this.here = here;
    // A simulated network may run elsewhere; then its phones are not here.
    if (here.sandbox) sandbox.phones().then(() => (this.phones = true), () => (this.phones = false));
  }
}

export const me = new Me();
