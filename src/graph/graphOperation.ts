/** Words of Graph's paths that the portal uses; anything else in a path is an id. */
const WORDS = new Set([
  'applications',
  'appRoleAssignedTo',
  'authorizationPolicy',
  'groups',
  'invitations',
  'memberOf',
  'members',
  'organization',
  'policies',
  'servicePrincipals',
  'users',
  '$ref',
]);
const LONGEST = 4;

/** A call of Graph as one of a short list: `POST /groups/{id}/members/$ref`. */
export function graphOperation(method: string, path: string): string {
  const segments = path.replace(/^\/v1\.0\//, '').split('/');
  return `${method} /${segments.slice(0, LONGEST).map(wordOf).join('/')}`;
}

function wordOf(segment: string): string {
  if (WORDS.has(segment)) return segment;
  // An object by another key than its id: applications(appId='…').
  const collection = segment.slice(0, segment.indexOf('('));
  return WORDS.has(collection) ? `${collection}({key})` : '{id}';
}
