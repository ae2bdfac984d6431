import { seed } from '../seed.js';
import { createDirectory } from '../directory.js';
import type { AppRoleAssignment, Group, ServicePrincipal, User } from '../objects.js';
import type { Shape } from './query.js';

// What Graph shows of each kind of object. The names of the properties come from the seed's objects.

const sample = createDirectory();

export const userShape: Shape<User> = {
  set: 'users',
  type: 'microsoft.graph.user',
  properties: namesOf(sample.users),
  // Source: learn.microsoft.com/graph/api/user-list; everything further needs $select.
  defaults: [
    'businessPhones',
    'displayName',
    'givenName',
    'jobTitle',
    'mail',
    'mobilePhone',
    'officeLocation',
    'preferredLanguage',
    'surname',
    'userPrincipalName',
    'id',
  ],
};

export const groupShape: Shape<Group> = {
  set: 'groups',
  type: 'microsoft.graph.group',
  properties: namesOf(sample.groups),
};

export const servicePrincipalShape: Shape<ServicePrincipal> = {
  set: 'servicePrincipals',
  type: 'microsoft.graph.servicePrincipal',
  properties: namesOf(sample.servicePrincipals),
};

export const assignmentShape: Shape<AppRoleAssignment> = {
  set: 'appRoleAssignments',
  type: 'microsoft.graph.appRoleAssignment',
  properties: new Set(Object.keys(sample.assignments[0] ?? {})),
};

/** Users within a collection of directory objects, such as members and sponsors. */
export const memberShape: Shape<User> = {
  ...userShape,
  set: 'directoryObjects',
  typeOf: () => '#microsoft.graph.user',
};

/** Groups within a collection of directory objects, such as memberOf. */
export const memberOfShape: Shape<Group> = {
  ...groupShape,
  set: 'directoryObjects',
  typeOf: () => '#microsoft.graph.group',
};

export const organization = {
  id: seed.tenantId,
  displayName: seed.organization,
  tenantType: 'AAD',
  countryLetterCode: 'SE',
  verifiedDomains: seed.verifiedDomains.map((name, index) => ({
    name,
    type: 'Managed',
    capabilities: 'Email, OfficeCommunicationsOnline',
    isDefault: index === 0,
    isInitial: name.endsWith('.onmicrosoft.com'),
  })),
};

export const organizationShape: Shape<typeof organization> = {
  set: 'organization',
  type: 'microsoft.graph.organization',
  properties: new Set(Object.keys(organization)),
};

function namesOf(objects: Map<string, object>): ReadonlySet<string> {
  return new Set([...objects.values()].flatMap((object) => Object.keys(object)));
}
