import type { Express } from 'express';

type Layer = {
  route?: { path: string; methods: Record<string, boolean> };
  handle: { stack?: Layer[] };
};

/** Every route that an application really has, nested routers included. */
export function routesOf(app: Express): { method: string; path: string }[] {
  return walk((app.router as unknown as { stack: Layer[] }).stack);
}

function walk(stack: Layer[]): { method: string; path: string }[] {
  return stack.flatMap(({ route, handle }) =>
    route
      ? Object.keys(route.methods).map((method) => ({ method: method.toUpperCase(), path: route.path }))
      : walk(handle.stack ?? []),
  );
}
