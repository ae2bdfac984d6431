import type { Request } from 'express';
import { personKey } from '../../access/person.js';
import type { Deps } from '../../deps.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { upsertPerson } from '../../store/persons.js';
import { renewSession } from '../session.js';
import { describePerson } from './describePerson.js';
import { seal } from '../../sealed.js';
import type { SignedIn } from './strategy.js';

/**
 * Begins the session of somebody who has signed in.
 *
 * @throws {EntraFault} when the token describes nobody of our tenant
 */
export async function admit(deps: Deps, req: Request, { claims, refreshToken }: SignedIn): Promise<void> {
  const person = await describePerson(deps, claims);
  await deps.store.db.transaction().execute(async (trx) => {
    await upsertPerson(trx, person);
    await insertAuditEvent(trx, {
      actor: personKey(person),
      action: 'signIn.succeeded',
      detail: { roles: person.roles },
    });
  });
  await renewSession(req);
  const now = Date.now();
  req.session.person = person;
  req.session.signedInAt = now;
  req.session.rightsReadAt = now;
  if (refreshToken !== undefined)
    req.session.refreshToken = seal(refreshToken, 'refresh tokens', deps.config.secrets);
}
