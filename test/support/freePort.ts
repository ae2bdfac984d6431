import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  for (;;) {
    // Below the range from which the system gives ports to those who ask for any: nobody else takes it meanwhile.
    const port = randomInt(15_000, 30_000);
    const probe = createServer();
    const listening = once(probe, 'listening').then(
      () => true,
      () => false,
    );
    probe.listen(port);
    if (!(await listening)) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
}
