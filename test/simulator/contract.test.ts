import { checkExchange, hasContract } from '../support/contract.js';
import {
  addMember,
  alex,
  assignRole,
  failure,
  groups,
  megan,
  reader,
  startHarness,
  wiki,
  type Harness,
} from './harness.js';

if (hasContract) {
  describe('every answer of the simulated Graph fits Microsoft’s description', () => {
    let harness: Harness;

    beforeAll(async () => {
      harness = await startHarness();
    });
    afterAll(() => harness.simulator.close());

    async function deviations(): Promise<string[]> {
      const entries = await harness.ledger();
      expect(entries.filter((entry) => entry.path.startsWith('/v1.0/')).length).toBeGreaterThan(5);
      return entries.flatMap(checkExchange);
    }

    it('when all goes well', async () => {
      const { graph } = harness;
      await harness.settings({
        permissions: ['Directory.ReadWrite.All', 'User.Invite.All', 'User.ReadWrite.All', ...all],
      });
      const { invitedUser } = await harness.invite('ann@fabrikam.com', {
        invitedUserDisplayName: 'Ann',
        sendInvitationMessage: true,
        invitedUserMessageInfo: { messageLanguage: 'sv' },
        invitedUserSponsors: [{ '@odata.id': `https://graph.microsoft.com/v1.0/users/${alex}` }],
      });
      const user = `/users/${invitedUser.id}`;
      await addMember(graph, groups.crm, invitedUser.id);
      const assignment = await assignRole(graph, wiki, invitedUser.id, reader);
      await graph
        .api(`${user}/sponsors/$ref`)
        .post({ '@odata.id': `https://graph.microsoft.com/v1.0/users/${megan}` });
      for (const path of [
        '/users',
        '/users?$top=1',
        "/users?$filter=mail eq 'ann@fabrikam.com'&$select=id,userType,externalUserState,creationType,accountEnabled",
        user,
        `${user}/memberOf`,
        `${user}/sponsors`,
        `${user}/appRoleAssignments`,
        '/groups',
        `/groups/${groups.crm}`,
        `/groups/${groups.crm}/members`,
        '/servicePrincipals',
        `/servicePrincipals/${wiki}`,
        `/servicePrincipals/${wiki}/appRoleAssignedTo`,
        '/organization',
      ]) {
        await graph.api(path).get();
      }
      await graph.api(user).patch({ accountEnabled: false, preferredLanguage: 'sv' });
      await graph.api(`${user}/revokeSignInSessions`).post({});
      await graph.api(`/servicePrincipals/${wiki}/appRoleAssignedTo/${assignment.id}`).delete();
      await graph.api(`/groups/${groups.crm}/members/${invitedUser.id}/$ref`).delete();
      await graph.api(user).delete();
      await graph.api(`/directory/deletedItems/${invitedUser.id}/restore`).post({});
      expect(await deviations()).toEqual([]);
    });

    it('when it refuses', async () => {
      await harness.control('POST', '/reset');
      const calls = [
        () => harness.invite('ann+x@fabrikam.com'),
        () => harness.invite('new@contoso.com'),
        () => addMember(harness.graph, groups.dynamic, alex),
        () => addMember(harness.graph, groups.news, alex),
        () => assignRole(harness.graph, wiki, alex, groups.crm),
        () => harness.graph.api(`/users/${groups.crm}`).get() as Promise<unknown>,
      ];
      for (const call of calls) await failure(call());
      await harness.settings({ writesPer150s: 0.001 });
      await failure(harness.invite('ann@fabrikam.com').then(() => harness.invite('bob@fabrikam.com')));
      expect(await deviations()).toEqual([]);
    });

    it('and a call that Graph would not understand is noticed', async () => {
      await failure(harness.invite('ann@fabrikam.com', { invitedUserColour: 'blue' }));
      const deviating = (await harness.ledger()).flatMap(checkExchange);
      expect(deviating.join()).toContain('invitedUserColour');
    });
  });
} else {
  it.skip('is skipped: no ../shared/graph beside the project', () => undefined);
}

const all = ['AppRoleAssignment.ReadWrite.All', 'Application.Read.All', 'GroupMember.ReadWrite.All'];
