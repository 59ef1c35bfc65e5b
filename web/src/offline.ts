/** Lets the service worker keep the page, and what it has loaded, for when there is no network. */
export async function keepOffline(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register(new URL("sw.js", document.baseURI));
  } catch {
    // Without it the page works as long as there is a network; file: and private windows have none.
  }
}
