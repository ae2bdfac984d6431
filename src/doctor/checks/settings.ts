import type { Config } from '../../config.js';
import { DEVELOPMENT_SECRET } from '../../settings.js';
import { finding, type Finding, type CheckUp } from '../finding.js';

const LOCAL = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Settings that are allowed alone but make no sense together. A setting that is not allowed stops the start. */
export const examineSettings: CheckUp = function examineSettings({ config }) {
  const found = [...publicAddress(config), ...secrets(config)];
  return Promise.resolve(found.length > 0 ? found : [finding('settings', 'inOrder')]);
};

function publicAddress({ baseUrl, production, trustProxy }: Config): Finding[] {
  const { protocol, hostname } = new URL(baseUrl);
  if (protocol === 'http:')
    return LOCAL.has(hostname) ? [] : [finding('settings', 'plainHttp', { url: baseUrl })];
  // The portal speaks plain HTTP itself, so something in front of it must speak https.
  return production && trustProxy === 0 ? [finding('settings', 'noProxy')] : [];
}

function secrets({ production, secrets: [newest] }: Config): Finding[] {
  return !production && newest === DEVELOPMENT_SECRET ? [finding('settings', 'development')] : [];
}
