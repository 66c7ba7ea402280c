import { svelte } from '@sveltejs/vite-plugin-svelte';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/** All JavaScript together, compressed: a page that opens at once on a slow line. */
const MOST_SCRIPT = 90 * 1024;

/** Writes a compressed twin of each file, the page last: its date tells when the build was complete. */
function packed(): Plugin {
  return {
    name: 'packed',
    apply: 'build',
    closeBundle() {
      const folder = join(import.meta.dirname, 'dist');
      const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
      const files = names.filter((name) => /\.(html|js|css|svg)$/.test(name));
      let script = 0;
      for (const name of files.sort((a, b) => Number(a === 'index.html') - Number(b === 'index.html'))) {
        const bytes = gzipSync(readFileSync(join(folder, name)), { level: 9 });
        writeFileSync(join(folder, `${name}.gz`), bytes);
        if (name.endsWith('.js')) script += bytes.length;
      }
      console.log(`JavaScript, compressed: ${(script / 1024).toFixed(1)} KiB of ${MOST_SCRIPT / 1024}`);
      if (script > MOST_SCRIPT) throw new Error('the dashboard has too much JavaScript');
    },
  };
}

/** The addresses that pages have at the server, for `npm run dev`. */
function addresses(): Plugin {
  return {
    name: 'addresses',
    configureServer({ middlewares }) {
      middlewares.use((request, _, next) => {
        if (request.url === '/dashboard') request.url = '/dashboard/';
        if (request.url === '/ws-test') request.url = '/dashboard/ws-test.html';
        next();
      });
    },
  };
}

/** The server that `npm run dev` shows: `CHATERY=http://localhost:3000`. */
const server = process.env['CHATERY'] ?? 'http://localhost:3000';

export default defineConfig({
  base: '/dashboard/',
  plugins: [svelte(), packed(), addresses()],
  build: {
    target: 'es2022',
    // The policy of the pages allows no inline script and no address of data as a script.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: {
      input: { index: 'index.html', 'ws-test': 'ws-test.html' },
      output: {
        // Addresses are served in lower case.
        hashCharacters: 'hex',
        entryFileNames: 'assets/[hash].js',
        chunkFileNames: 'assets/[hash].js',
        assetFileNames: 'assets/[hash][extname]',
      },
    },
  },
  server: {
    proxy: {
      '/api': server,
      '/api-docs.json': server,
      '/media': server,
      '/socket.io': { target: server, ws: true },
    },
  },
});
