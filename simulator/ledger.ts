// Every call that reached the back channel, in order of arrival, so that a test can count what happened.

const CAPACITY = 20_000;

export type LedgerEntry = {
  at: string;
  method: string;
  /** The whole path, with `/v1.0`, without the query. */
  path: string;
  query: Record<string, string>;
  requestHeaders: Record<string, string>;
  requestBody: unknown;
  /** 0 as long as there is no answer. */
  status: number;
  responseHeaders: Record<string, string>;
  responseBody: unknown;
  /** Whether the whole answer went out: false when a fault or the caller cut it off. */
  delivered: boolean;
  /** Whether the tenant dealt with the call: false when a fault, a missing token or throttling stopped it. */
  processed: boolean;
};

export type Ledger = { entries: LedgerEntry[] };

const requestHeadersKept = [
  'client-request-id',
  'consistencylevel',
  'content-type',
  'prefer',
  'retry-attempt',
  'user-agent',
  'x-ms-throttle-priority',
];

/** Opens an entry when a call arrives; the code that answers completes it. No token and no cookie is kept. */
export function openEntry(
  ledger: Ledger,
  call: { method: string; url: URL; headers: Record<string, string | string[] | undefined>; body: unknown },
): LedgerEntry {
  const entry: LedgerEntry = {
    at: new Date().toISOString(),
    method: call.method,
    path: decodePath(call.url.pathname),
    query: Object.fromEntries(call.url.searchParams),
    requestHeaders: keepHeaders(call.headers),
    requestBody: call.body,
    status: 0,
    responseHeaders: {},
    responseBody: undefined,
    delivered: false,
    processed: false,
  };
  ledger.entries.push(entry);
  if (ledger.entries.length > CAPACITY) ledger.entries.shift();
  return entry;
}

/** `%24ref` and `$ref` are the same path; a broken escape is kept as it came. */
export function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function keepHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    requestHeadersKept.flatMap((name) => {
      const value = headers[name];
      return value === undefined ? [] : [[name, String(value)]];
    }),
  );
}
