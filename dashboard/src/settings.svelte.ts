/** What somebody chose in this browser: theme and language. Nothing secret is ever kept here. */

export type Theme = 'auto' | 'light' | 'dark';
export type Language = 'en' | 'id';

function kept<T extends string>(name: string, allowed: readonly T[], otherwise: T): T {
  try {
    const value = localStorage.getItem(name) as T | null;
    return value !== null && allowed.includes(value) ? value : otherwise;
  } catch {
    return otherwise;
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // A browser that keeps nothing asks again next time.
  }
}

class Settings {
  theme = $state<Theme>(kept('theme', ['auto', 'light', 'dark'], 'auto'));
  language = $state<Language>(kept('language', ['en', 'id'], navigator.language.startsWith('id') ? 'id' : 'en'));

  constructor() {
    this.#show();
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    keep('theme', theme);
    this.#show();
  }

  setLanguage(language: Language): void {
    this.language = language;
    keep('language', language);
    this.#show();
  }

  #show(): void {
    const root = document.documentElement;
    root.lang = this.language;
    if (this.theme === 'auto') delete root.dataset['theme'];
    else root.dataset['theme'] = this.theme;
  }
}

export const settings = new Settings();
