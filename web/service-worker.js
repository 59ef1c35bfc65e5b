/**
 * Keeps the page for when there is no network, and lets WebAssembly use threads on hosts that send no headers.
 *
 * What the page cannot do without is stored when this is installed. The runtime and the models are stored by those who
 * fetch them. A new version of the page begins with an empty cache.
 */
const VERSION = "VERSION";
const FILES = ["FILES"];
const cacheName = `fewstep-${VERSION}`;

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(cacheName);
      await cache.addAll(FILES.map((file) => new Request(file, { cache: "no-cache" })));
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) {
        if (/^fewstep-[0-9a-f]{12}$/.test(name) && name !== cacheName) await caches.delete(name);
      }
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { scope } = self.registration;
  // The library keeps models itself, and checks them.
  const own = request.url.startsWith(scope) && !request.url.startsWith(`${scope}models/`);
  if (request.method === "GET" && own) event.respondWith(answer(request));
});

/** From the caches, else from the network. */
async function answer(request) {
  const page = request.mode === "navigate" ? self.registration.scope : request;
  const kept = await caches.match(page, { ignoreVary: true });
  return isolated(kept ?? (await fetch(request)));
}

/** With the headers that let a page have shared memory. */
function isolated(response) {
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
