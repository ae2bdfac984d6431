import supertest from 'supertest';

export type StatusAnswer = {
  status: string;
  reason: string | null;
  steps: { name: string; status: string; at: string | null }[];
  updatedAt: string;
};

/** What a correct form holds. */
export const FORM = {
  email: 'ana@fabrikam.com',
  firstName: 'Ana',
  lastName: 'Lind',
  company: 'Fabrikam',
  reason: 'Orders in the CRM',
  terms: 'yes',
};

/** A person with a browser: keeps cookies, takes the token out of the form before posting it. */
export class Visitor {
  readonly #agent: ReturnType<typeof supertest.agent>;
  readonly #headers: Record<string, string>;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.#agent = supertest.agent(url);
    this.#headers = headers;
  }

  get(path: string, headers: Record<string, string> = {}) {
    return this.#agent.get(path).set({ ...this.#headers, ...headers });
  }

  async csrf(path = '/'): Promise<string> {
    const { text } = await this.get(path);
    return /name="_csrf" value="([^"]+)"/.exec(text)?.[1] ?? '';
  }

  /** @param options.from the page that holds the form, where that is not obvious */
  async post(path: string, fields: Record<string, unknown>, options: { from?: string } = {}) {
    const page = path.startsWith('/requests/') ? path.replace(/\/\w+$/, '') : '/';
    const _csrf = await this.csrf(options.from ?? page);
    return this.postRaw(path, { _csrf, ...fields });
  }

  postRaw(path: string, fields: Record<string, unknown>) {
    return this.#agent.post(path).set(this.#headers).type('form').send(fields);
  }

  /** Sends any body. */
  send(path: string, type: string, body: string) {
    return this.#agent
      .post(path)
      .set({ ...this.#headers, 'Content-Type': type })
      .send(body);
  }

  /** Sends a form with a file, as browsers do. */
  async upload(path: string, fields: Record<string, string>, file: { name: string; bytes: Buffer } | null) {
    const _csrf = await this.csrf(path);
    const sent = this.#agent.post(path).set(this.#headers);
    for (const [name, value] of Object.entries({ _csrf, ...fields })) void sent.field(name, value);
    return file ? sent.attach('file', file.bytes, file.name) : sent;
  }

  /** Sends the form; fields given replace the correct ones. */
  signUp(fields: Record<string, unknown> = {}) {
    return this.post('/sign-up', { ...FORM, ...fields });
  }

  /** Sends the first step of the form; the answer is the second, or says what is wrong with the address. */
  sendAddress(email: string, fields: Record<string, unknown> = {}) {
    return this.post('/sign-up/address', { email, ...fields });
  }

  /** Signs up and returns the status page's path. */
  async apply(fields: Record<string, unknown> = {}): Promise<string> {
    const answer = await this.signUp(fields);
    const path = answer.headers.location;
    if (answer.status !== 303 || path === undefined) {
      throw new Error(`The sign-up was answered with ${answer.status}: ${answer.text}`);
    }
    return path;
  }

  async status(path: string): Promise<StatusAnswer> {
    const answer = await this.get(path, { Accept: 'application/json' });
    return answer.body as StatusAnswer;
  }
}
