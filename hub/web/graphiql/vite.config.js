import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  // Relative, so that the page also works behind a proxy that serves the hub under a folder of its own.
  base: './',
  publicDir: false,
  resolve: {
    alias: [
      // GraphiQL loads the whole of Monaco; src/monaco.js names the parts of it that a GraphQL editor uses. The second
      // form is how monaco-graphql names that module inside its own folder; no other package uses it.
      { find: /^(monaco-graphql\/esm|\.)\/monaco-editor(\.js)?$/, replacement: here('./src/monaco.js') },
      { find: /^prettier\/(plugins\/estree|parser-babel)$/, replacement: here('./src/jsonc.js') },
      // One module under two names, of which GraphiQL asks for both.
      { find: /^prettier\/parser-graphql$/, replacement: 'prettier/plugins/graphql' },
    ],
  },
  oxc: { jsx: { runtime: 'automatic' } },
  worker: {
    format: 'es',
    rollupOptions: { output: { entryFileNames: '[name]-[hash].js', chunkFileNames: '[name]-[hash].js' } },
  },
  build: {
    outDir: here('../static/graphiql'),
    emptyOutDir: true,
    // One folder without sub-folders: every file but the manifest carries a hash of its content in its name.
    assetsDir: '',
    manifest: 'manifest.json',
    license: { fileName: 'LICENSES.md' },
    sourcemap: false,
    target: 'es2022',
    chunkSizeWarningLimit: 4096,
    rollupOptions: {
      input: here('./src/main.jsx'),
      onwarn(warning, warn) {
        // "use client" means something to server-side React only; dozens of such lines would hide a real warning.
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
      },
    },
  },
});
