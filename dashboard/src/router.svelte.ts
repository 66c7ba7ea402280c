/** Where in the dashboard somebody is: the part of the address behind `#/`, so that the server needs one page only. */

function read(): string[] {
  const parts = location.hash.replace(/^#\/?/, '').split('/').filter((part) => part !== '');
  return parts.map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
}

class Router {
  path = $state.raw<string[]>(read());

  constructor() {
    addEventListener('hashchange', () => {
      this.path = read();
    });
  }

  go(...parts: string[]): void {
    location.hash = link(...parts);
  }
}

/** The address of a place. */
export function link(...parts: string[]): string {
  return `#/${parts.map(encodeURIComponent).join('/')}`;
}

export const router = new Router();
