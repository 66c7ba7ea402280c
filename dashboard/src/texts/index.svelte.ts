/** The texts of the language that was chosen. Both languages have the same keys; the compiler says so. */

import { settings } from '../settings.svelte';
import { en, type Key } from './en';
import { id } from './id';

export type { Key } from './en';

const languages = { en, id };

/** A text, with `{name}` replaced. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const text: string = languages[settings.language][key];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === 'number' ? number(value) : value;
  });
}

/** A text for a key that comes from the server, when there is one. */
export function known(prefix: string, name: string): string | undefined {
  const all: Record<string, string> = languages[settings.language];
  const key = `${prefix}.${name}`;
  return Object.hasOwn(all, key) ? all[key] : undefined;
}

/** A number as people of this language write it. */
export function number(value: number): string {
  return new Intl.NumberFormat(settings.language).format(value);
}
