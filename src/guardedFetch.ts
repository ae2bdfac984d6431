type Options = {
  method?: string | undefined;
  headers?: Record<string, string> | undefined;
  body?: RequestInit['body'] | undefined;
  /** The longest answer that is read, in bytes after unpacking. */
  maxBytes: number;
  timeoutMs: number;
  /** Ends the call earlier. */
  signal?: AbortSignal | undefined;
};

/** `text` is null for an answer longer than `maxBytes`. */
export type GuardedAnswer = { status: number; headers: Headers; text: string | null };

/** The other side redirects. Following would hand a body or a token to the host that it names. */
class RedirectRefused extends Error {
  override name = 'RedirectRefused';
}

/**
 * The portal's only way out over HTTP: it follows no redirect, reads no more than `maxBytes`, and has ended after `timeoutMs`.
 *
 * @throws {RedirectRefused} whatever the answer says
 * @throws {DOMException} `TimeoutError` when the time is over, `AbortError` by the signal
 * @throws {TypeError} what `fetch` throws without an answer
 */
export async function guardedFetch(
  url: string | URL,
  { method, headers, body, maxBytes, timeoutMs, signal }: Options,
): Promise<GuardedAnswer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, {
    method: method ?? 'GET',
    redirect: 'manual',
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    ...(headers && { headers }),
    ...(body != null && { body }),
  });
  const { status } = response;
  if (status >= 300 && status < 400) {
    await response.body?.cancel();
    throw new RedirectRefused(`answered ${status}, a redirect, which is not followed`);
  }
  return { status, headers: response.headers, text: await readAtMost(response, maxBytes) };
}

async function readAtMost({ body }: Response, maxBytes: number): Promise<string | null> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += part.byteLength;
    // Leaving the loop cancels the stream.
    if (size > maxBytes) return null;
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}
