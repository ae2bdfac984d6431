# From an app registration as it is ({} for none) to what has to be written: {} for nothing. What others put there stays.
# $want is registration.json, $uris the redirect URIs, $scopes the ids of the delegated scopes, $open whether people of other
# organisations sign in with it.

def graph: "00000003-0000-0000-c000-000000000000";

def roles:
  [.appRoles // [] | .[] | del(.origin)] as $have
  | [$have[]
      | if IN(.value; $want.appRoles[].value)
        then .isEnabled = true | .allowedMemberTypes |= . + (["User"] - .)
        else . end]
  + [$want.appRoles[] | select(IN(.value; $have[].value) | not)];

def claims:
  (.optionalClaims // {}) as $all
  | ($all.idToken // []) as $have
  | $all + { idToken: ($have + [$want.idTokenClaims[] | select(IN(.; $have[].name) | not)
      | { name: ., source: null, essential: false, additionalProperties: [] }]) };

def scopes:
  (.requiredResourceAccess // [])
  | if any(.[]; .resourceAppId == graph) then . else . + [{ resourceAppId: graph, resourceAccess: [] }] end
  # Application permissions are not named here: admins of other organisations would be asked to grant them too.
  | map(if .resourceAppId == graph
        then .resourceAccess |= (. as $have
          | $have + [$scopes[] | select(IN(.; $have[].id) | not) | { id: ., type: "Scope" }])
        else . end);

def web:
  (.web // { implicitGrantSettings: { enableIdTokenIssuance: false, enableAccessTokenIssuance: false } })
  # It says the same as redirectUris once more, and would contradict them.
  | del(.redirectUriSettings)
  | .redirectUris = ((.redirectUris // []) as $have | $have + [$uris[] | select(IN(.; $have[]) | not)]);

def audience:
  if $open and IN(.signInAudience; null, "AzureADMyOrg") then "AzureADMultipleOrgs"
  else .signInAudience // "AzureADMyOrg" end;

def group_claims:
  if IN(.groupMembershipClaims; null, "", "None") then $want.groupMembershipClaims else .groupMembershipClaims end;

. as $is
| { appRoles: roles, optionalClaims: claims, requiredResourceAccess: scopes, web: web, signInAudience: audience,
    groupMembershipClaims: group_claims }
| if $is == {} then .
  else with_entries(select(
      .value != (if .key == "appRoles" then [$is.appRoles // [] | .[] | del(.origin)]
                 elif .key == "web" then ($is.web // {} | del(.redirectUriSettings))
                 else $is[.key] end)))
  end
