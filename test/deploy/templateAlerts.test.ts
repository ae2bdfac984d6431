import { readdirSync, readFileSync } from 'node:fs';
import { idOf, type Resource } from './arm.js';
import { aDeployment, one } from './aDeployment.js';

/** learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/metrics-index, with what each may be aggregated by. */
const OF_THE_PLATFORM: Record<string, string[]> = {
  'Microsoft.Web/sites Http5xx': ['Total'],
  'Microsoft.Web/sites HealthCheckStatus': ['Average'],
  'Microsoft.Web/sites HttpResponseTime': ['Average'],
  'Microsoft.DBforPostgreSQL/flexibleServers is_db_alive': ['Average', 'Maximum', 'Minimum'],
  'Microsoft.DBforPostgreSQL/flexibleServers storage_percent': ['Average', 'Maximum', 'Minimum'],
};

type Alert = {
  name: string;
  scopes: string[];
  actions: { actionGroupId: string }[];
  condition: Record<'metricNamespace' | 'metricName' | 'timeAggregation', string> & {
    skipMetricValidation?: boolean;
  };
};

function alertsOf(deployment: ReturnType<typeof aDeployment>): Alert[] {
  return deployment.resources
    .filter(({ type }) => type === 'Microsoft.Insights/metricAlerts')
    .map(({ name, properties }: Resource) => {
      const { scopes, actions, criteria } = properties as unknown as Pick<Alert, 'scopes' | 'actions'> & {
        criteria: { allOf: [Alert['condition']] };
      };
      return { name, scopes, actions, condition: criteria.allOf[0] };
    });
}

describe('the alerts', () => {
  const deployment = aDeployment();
  const alerts = alertsOf(deployment);

  it('tell of failing requests, failed provisioning and a stopped queue', () => {
    const named = alerts.map(({ condition }) => condition.metricName);
    expect(named).toEqual(expect.arrayContaining(['Http5xx', 'portal.requests.failing', 'portal.queue.age']));
  });

  it('watch metrics that exist, on resources of their kind', () => {
    for (const { scopes, condition } of alerts) {
      const { metricNamespace, metricName, timeAggregation, skipMetricValidation } = condition;
      if (metricNamespace === 'azure.applicationinsights') {
        // Unknown to Azure until the first value arrives.
        expect(skipMetricValidation).toBe(true);
        expect(scopes).toEqual([idOf(one(deployment, 'Microsoft.Insights/components'))]);
        expect(metricsOfThePortal()).toContain(metricName);
      } else {
        expect(OF_THE_PLATFORM[`${metricNamespace} ${metricName}`]).toContain(timeAggregation);
        expect(scopes).toEqual([idOf(one(deployment, metricNamespace))]);
      }
    }
  });

  it('do not look at a site that is not the portal yet', () => {
    const settings = idOf(one(deployment, 'Microsoft.Resources/deployments', 'partner-portal-site-settings'));
    for (const { type, dependsOn } of deployment.resources) {
      if (type === 'Microsoft.Insights/metricAlerts') expect(dependsOn).toContain(settings);
    }
  });

  it('go to whoever is named, and to nobody otherwise', () => {
    const group = idOf(one(deployment, 'microsoft.insights/actionGroups'));
    for (const { actions } of alerts) expect(actions).toEqual([{ actionGroupId: group }]);
    const silent = aDeployment({ alertEmail: '' });
    expect(silent.resources.some(({ type }) => type === 'microsoft.insights/actionGroups')).toBe(false);
    for (const { actions } of alertsOf(silent)) expect(actions).toEqual([]);
  });
});

/** The names of the portal's own metrics, as its sources spell them. */
function metricsOfThePortal(): string[] {
  return readdirSync('src', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .flatMap(({ parentPath, name }) => [
      ...readFileSync(`${parentPath}/${name}`, 'utf8').matchAll(/'(portal\.\w+\.\w+)'/g),
    ])
    .map(([, name]) => name ?? '');
}
