import { randomUUID } from 'node:crypto';

// The kinds of object in the tenant, in the shape in which Graph shows them.

/** Absent for who has never signed in. */
export type SignInActivity = {
  lastSignInDateTime: string | null;
  lastNonInteractiveSignInDateTime: string | null;
  lastSuccessfulSignInDateTime: string | null;
};

export type User = {
  id: string;
  deletedDateTime: string | null;
  accountEnabled: boolean;
  businessPhones: string[];
  companyName: string | null;
  createdDateTime: string;
  /** https://learn.microsoft.com/graph/api/resources/user */
  creationType: 'Invitation' | 'SelfServiceSignUp' | 'EmailVerified' | null;
  department: string | null;
  displayName: string;
  externalUserState: 'PendingAcceptance' | 'Accepted' | null;
  externalUserStateChangeDateTime: string | null;
  givenName: string | null;
  jobTitle: string | null;
  mail: string | null;
  mobilePhone: string | null;
  officeLocation: string | null;
  otherMails: string[];
  preferredLanguage: string | null;
  proxyAddresses: string[];
  signInActivity: SignInActivity | null;
  surname: string | null;
  usageLocation: string | null;
  userPrincipalName: string;
  userType: 'Member' | 'Guest';
};

export type Group = {
  id: string;
  deletedDateTime: string | null;
  createdDateTime: string;
  description: string | null;
  displayName: string;
  groupTypes: string[];
  isAssignableToRole: boolean | null;
  mail: string | null;
  mailEnabled: boolean;
  mailNickname: string;
  membershipRule: string | null;
  membershipRuleProcessingState: string | null;
  onPremisesSyncEnabled: boolean | null;
  proxyAddresses: string[];
  securityEnabled: boolean;
  visibility: string | null;
};

export type AppRole = {
  id: string;
  value: string | null;
  displayName: string;
  description: string;
  allowedMemberTypes: ('User' | 'Application')[];
  isEnabled: boolean;
  origin: string;
};

export type ServicePrincipal = {
  id: string;
  deletedDateTime: string | null;
  accountEnabled: boolean;
  appDisplayName: string;
  appId: string;
  appRoleAssignmentRequired: boolean;
  appRoles: AppRole[];
  displayName: string;
  homepage: string | null;
  servicePrincipalType: string;
  tags: string[];
};

export type AppRoleAssignment = {
  id: string;
  deletedDateTime: null;
  appRoleId: string;
  createdDateTime: string;
  principalDisplayName: string;
  principalId: string;
  principalType: 'User' | 'Group';
  resourceDisplayName: string;
  resourceId: string;
};

export type NewUser = Partial<User> & { mail: string };
export type NewGroup = Pick<Group, 'id' | 'displayName' | 'description'> & Partial<Group>;
export type NewServicePrincipal = Pick<ServicePrincipal, 'id' | 'appId' | 'displayName'> &
  Partial<ServicePrincipal>;

/**
 * A user; what is not given follows from the address and the type of user.
 *
 * @param initialDomain the tenant's own domain, in which guests get their principal name
 */
export function newUser(given: NewUser, initialDomain: string): User {
  const guest = given.userType !== 'Member';
  const creationType =
    given.creationType === undefined && guest ? 'Invitation' : (given.creationType ?? null);
  // Only who was invited has an invitation to accept.
  const invited = creationType === 'Invitation';
  const now = graphTime();
  return {
    id: randomUUID(),
    deletedDateTime: null,
    accountEnabled: true,
    businessPhones: [],
    companyName: null,
    createdDateTime: now,
    creationType,
    department: null,
    displayName: given.mail.split('@')[0] ?? given.mail,
    externalUserState: invited ? 'PendingAcceptance' : null,
    externalUserStateChangeDateTime: invited ? now : null,
    givenName: null,
    jobTitle: null,
    mobilePhone: null,
    officeLocation: null,
    otherMails: guest ? [given.mail] : [],
    preferredLanguage: null,
    proxyAddresses: [`SMTP:${given.mail}`],
    signInActivity: null,
    surname: null,
    usageLocation: null,
    userPrincipalName: guest ? `${given.mail.replace('@', '_')}#EXT#@${initialDomain}` : given.mail,
    userType: 'Guest',
    ...given,
  };
}

/** A group: a security group unless the seed says otherwise. */
export function newGroup(given: NewGroup): Group {
  return {
    deletedDateTime: null,
    createdDateTime: graphTime(),
    groupTypes: [],
    isAssignableToRole: null,
    mail: null,
    mailEnabled: false,
    mailNickname: given.displayName.toLowerCase().replace(/[^a-z]+/g, '-'),
    membershipRule: null,
    membershipRuleProcessingState: null,
    onPremisesSyncEnabled: null,
    proxyAddresses: [],
    securityEnabled: true,
    visibility: null,
    ...given,
  };
}

/** An app as the tenant holds it: without roles unless the seed says otherwise. */
export function newServicePrincipal(given: NewServicePrincipal): ServicePrincipal {
  return {
    deletedDateTime: null,
    accountEnabled: true,
    appDisplayName: given.displayName,
    appRoleAssignmentRequired: false,
    appRoles: [],
    homepage: null,
    servicePrincipalType: 'Application',
    tags: ['WindowsAzureActiveDirectoryIntegratedApp'],
    ...given,
  };
}

/** A time as Graph writes it: whole seconds, UTC. */
export function graphTime(ms = Date.now()): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
