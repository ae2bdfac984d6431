import { graphOperation } from '../../src/graph/middleware.js';

const ID = '22222222-0000-4000-8000-000000000001';

test.each([
  ['GET', '/v1.0/users', 'GET /users'],
  ['GET', `/v1.0/users/${ID}`, 'GET /users/{id}'],
  ['GET', `/v1.0/users/${ID}/memberOf`, 'GET /users/{id}/memberOf'],
  ['POST', '/v1.0/invitations', 'POST /invitations'],
  ['POST', `/v1.0/groups/${ID}/members/$ref`, 'POST /groups/{id}/members/$ref'],
  ['GET', `/v1.0/applications(appId='${ID}')`, 'GET /applications({key})'],
  ['GET', '/v1.0/policies/authorizationPolicy', 'GET /policies/authorizationPolicy'],
  ['GET', '/v1.0/users/ana@fabrikam.com', 'GET /users/{id}'],
  ['GET', "/v1.0/ana('x')/b/c/d/e/f/g", 'GET /{id}/{id}/{id}/{id}'],
])('%s %s is one of a short list', (method, path, operation) => {
  expect(graphOperation(method, path)).toBe(operation);
});
