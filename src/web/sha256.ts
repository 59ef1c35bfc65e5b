/**
 * SHA-256 of bytes, or of a text in UTF-8, hexadecimal.
 *
 * @throws Error in one sentence where the browser has no Web Crypto: it has on https and on localhost
 */
export async function sha256(data: Uint8Array<ArrayBuffer> | string): Promise<string> {
  const { subtle } = globalThis.crypto ?? {};
  if (!subtle) {
    throw new Error(
      "loadModel: files cannot be checked, because the page was not loaded over a secure connection; serve it over https or from localhost",
    );
  }
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const digest = new Uint8Array(await subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
