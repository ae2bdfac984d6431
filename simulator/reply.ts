/** What Graph and Entra answer to one call; without a body an empty one. */
export type Reply = { status: number; headers?: Record<string, string>; body?: object | string };
