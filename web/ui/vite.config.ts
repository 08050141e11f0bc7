import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// `LYCEUM_URL` points the development server at a running service (or at `npm run mock`).
const service = process.env["LYCEUM_URL"] ?? "http://127.0.0.1:8420";

export default defineConfig({
  plugins: [svelte()],
  // A strict Content-Security-Policy refuses data: addresses, so nothing may be inlined.
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 300,
  },
  server: { proxy: { "/api": { target: service, ws: true } } },
});
