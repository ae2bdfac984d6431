# shellcheck shell=bash
# The app registration, its service principal and the consent to its sign-in.

readonly FIELDS='id,appId,displayName,createdDateTime,signInAudience,web,appRoles,optionalClaims,groupMembershipClaims,requiredResourceAccess,passwordCredentials'

# Prints the registration as it is, {} when there is none.
find_application() {
  local filter found advice='Your account may read app registrations only if it is a member of the tenant and the tenant allows it.'
  filter="displayName eq '${name//\'/\'\'}'"
  if [[ -n $client_id ]]; then filter="appId eq '$client_id'"; fi
  found="$(graph_list "/applications?\$filter=$(encode "$filter")&\$select=$(encode "$FIELDS")")"
  case "$(jq length <<<"$found")" in
    0)
      if [[ -n $client_id ]]; then
        die "There is no app registration with the client id $client_id in the tenant $tenant_id." \
          'Check --client-id, or sign in to the right tenant: az login --tenant …'
      fi
      echo '{}'
      ;;
    1) jq -c '.[0]' <<<"$found" ;;
    *)
      die "Several app registrations are called “$name”. Choose one with --client-id:" \
        "$(jq -r '.[] | "\(.appId)  created \(.createdDateTime)"' <<<"$found")"
      ;;
  esac
}

# Creates the registration or adds what is missing, and prints the result.
settle_application() {
  local application="$1" uris="$2" change advice
  advice='You need the role Application Administrator (or Cloud Application Administrator) in Microsoft Entra.'
  refuse_foreign_roles "$application"
  change="$(jq -c --slurpfile data "$data" --argjson uris "$uris" --argjson scopes "$(scope_ids)" \
    --argjson open "${multi_tenant:-false}" "\$data[0] as \$want | $(cat "$here/application.jq")" <<<"$application")"
  if [[ $application == '{}' ]]; then
    say "App registration: create “$name”"
    graph POST /applications "$(jq -c --arg name "$name" '{ displayName: $name } + .' <<<"$change")"
  elif [[ $change == '{}' ]]; then
    say 'App registration: nothing to change'
    printf '%s\n' "$application"
  else
    say "App registration: change $(jq -r 'keys | join(", ")' <<<"$change")"
    graph PATCH "/applications/$(jq -r .id <<<"$application")" "$change" >/dev/null
    jq -c --argjson change "$change" '. + $change' <<<"$application"
  fi
}

# The ids of our roles are fixed, so that assignments still fit a registration that is created again. A registration that
# uses one of these ids for another role belongs to another application.
refuse_foreign_roles() {
  local foreign
  foreign="$(jq -r --slurpfile data "$data" '.appRoles // [] | .[] as $role
    | $data[0].appRoles[] | select(.id == $role.id and .value != $role.value) | "\(.id) is \($role.value)"' <<<"$1")"
  [[ -z $foreign ]] || die 'The registration uses the id of an app role for another role:' "$foreign" \
    'Choose another registration, with --name or --client-id.'
}

scope_ids() {
  jq -c --slurpfile data "$data" \
    '[.oauth2PermissionScopes[] | select(IN(.value; $data[0].signInScopes[])) | .id]' <<<"$graph_principal"
}

# Warns of settings that the portal would not choose, but that somebody may have chosen; they stay.
remark_on() {
  local chosen audience groups implicit
  chosen="$(jq -r '[.signInAudience, .groupMembershipClaims,
    (.web.implicitGrantSettings | .enableIdTokenIssuance or .enableAccessTokenIssuance)] | @tsv' <<<"$1")"
  IFS=$'\t' read -r audience groups implicit <<<"$chosen"
  if [[ -z $multi_tenant && $audience != AzureADMyOrg ]]; then
    warn "The registration stays open to other organisations ($audience). Only partners with proof “tenant” need that;" \
      'to close it, run: az ad app update --id CLIENT_ID --sign-in-audience AzureADMyOrg'
  fi
  if [[ $groups != ApplicationGroup ]]; then
    warn "Tokens name more groups than those assigned to the application (groupMembershipClaims is $groups); not changed."
  fi
  if [[ $implicit == true ]]; then
    warn 'The implicit flow is on. The portal does not use it: switch it off under Authentication.'
  fi
}

# Prints the id of the service principal, and creates it if there is none. Assignment is not required, because approvers that
# the policy names need no role.
settle_principal() {
  local app_id="$1" found advice
  advice='You need the role Application Administrator (or Cloud Application Administrator) in Microsoft Entra.'
  found="$(graph_list "/servicePrincipals?\$filter=$(encode "appId eq '$app_id'")&\$select=id,appRoleAssignmentRequired")"
  if [[ $found == '[]' ]]; then
    say 'Service principal: create it'
    # The tag lists it among the enterprise applications, where roles are assigned.
    # https://learn.microsoft.com/powershell/module/azuread/new-azureadserviceprincipal
    found="[$(graph POST /servicePrincipals "$(jq -nc --arg app "$app_id" \
      '{ appId: $app, tags: ["WindowsAzureActiveDirectoryIntegratedApp"] }')")]"
  else
    say 'Service principal: exists'
  fi
  if jq -e '.[0].appRoleAssignmentRequired == true' <<<"$found" >/dev/null; then
    warn 'The enterprise application requires assignment: approvers that only the policy names cannot sign in.'
  fi
  jq -r '.[0].id' <<<"$found"
}

# Consent to signing in, for everybody in our tenant: where people may not consent themselves, nobody could sign in.
# https://learn.microsoft.com/graph/api/resources/oauth2permissiongrant
settle_consent() {
  local principal="$1" grant scope wanted advice
  advice='You need the role Application Administrator (or Cloud Application Administrator) in Microsoft Entra.'
  grant="$(graph_list "/servicePrincipals/$principal/oauth2PermissionGrants" | jq -c --arg resource "$graph_id" \
    'map(select(.consentType == "AllPrincipals" and .resourceId == $resource)) | .[0] // {}')"
  scope="$(jq -r '.scope // ""' <<<"$grant")"
  wanted="$(jq -r --arg scope "$scope" '($scope | split(" ") - [""]) as $have
    | $have + (.signInScopes - $have) | join(" ")' "$data")"
  if [[ $grant == '{}' ]]; then
    say "Consent to signing in: give it ($wanted)"
    graph POST /oauth2PermissionGrants "$(jq -nc --arg client "$principal" --arg resource "$graph_id" --arg scope "$wanted" \
      '{ clientId: $client, consentType: "AllPrincipals", resourceId: $resource, scope: $scope }')" >/dev/null
  elif [[ $(jq -nr --arg a "$scope" --arg b "$wanted" '($b | split(" ")) - ($a | split(" ")) | length') != 0 ]]; then
    say "Consent to signing in: extend it ($wanted)"
    graph PATCH "/oauth2PermissionGrants/$(jq -r .id <<<"$grant")" \
      "$(jq -nc --arg scope "$wanted" '{ scope: $scope }')" >/dev/null
  else
    say 'Consent to signing in: given'
  fi
}
