import type { AzureMonitorExporterOptions } from '@azure/monitor-opentelemetry-exporter';
import { codeOf } from '../codeOf.js';
import type { Log } from '../log.js';

type Policies = NonNullable<AzureMonitorExporterOptions['additionalPolicies']>;

/**
 * Says in the log that nothing arrives any more, and that it does again. It looks at the answers themselves: the exporter,
 * where it may not put things by on a disk, calls it a success when it has thrown them away.
 */
export function noteOutages(log: Log): Policies {
  let failing = false;
  function note(reason: string | null): void {
    const fails = reason !== null;
    if (fails && !failing) log.warn({ reason }, 'figures and traces cannot be sent');
    if (!fails && failing) log.info('figures and traces are sent again');
    failing = fails;
  }
  return [
    {
      position: 'perCall',
      policy: {
        name: 'noteOutages',
        async sendRequest(request, next) {
          try {
            const response = await next(request);
            note(response.status === 200 ? null : `answered ${response.status}`);
            return response;
          } catch (error) {
            note(codeOf(error) || (error as Error).name);
            throw error;
          }
        },
      },
    },
  ];
}
