#!/usr/bin/env bash
# Registers the portal in Microsoft Entra with the Azure CLI. It changes only what is not right yet, so it can be run again.
# docs/registration.md explains each step and how to do the same in the admin centre.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/register"
data="$here/../registration.json"
# shellcheck source=register/azure.sh
source "$here/azure.sh"
# shellcheck source=register/options.sh
source "$here/options.sh"
# shellcheck source=register/application.sh
source "$here/application.sh"
# shellcheck source=register/secret.sh
source "$here/secret.sh"
# shellcheck source=register/permissions.sh
source "$here/permissions.sh"

main() {
  read_options "$@"
  look_at_tools
  # Most calls run inside $( ), which would not inherit `set -e` otherwise.
  shopt -s inherit_errexit
  umask 077
  scratch="$(mktemp -d)"
  trap 'rm -rf "$scratch"' EXIT
  # A dry run prints its plan from inside $( ) too.
  exec 3>&1

  local application app_id principal
  look_around
  application="$(find_application)"
  settle_whether_due
  application="$(settle_application "$application" "$(redirect_uris)")"
  remark_on "$application"
  app_id="$(jq -r .appId <<<"$application")"
  principal="$(settle_principal "$app_id")"
  settle_consent "$principal"
  list_secrets "$application"
  if [[ -n $secret_due ]]; then make_secret "$(jq -r .id <<<"$application")"; fi
  if [[ -n $secret_due && -n $vault && -n $site ]]; then refresh_site "$(jq -r .id <<<"$web_app")"; fi
  permit "$principal"
  if [[ -n $admin ]]; then appoint "$admin" "$application" "$principal"; fi
  if [[ -z $dry_run ]]; then printf 'TENANT_ID=%s\nCLIENT_ID=%s\n' "$tenant_id" "$app_id"; fi
  say_what_is_next "$app_id"
}

# Finds out who is signed in and where, what the named site is, and what Graph offers here.
look_around() {
  local account cloud advice
  advice='Sign in first: az login (with --tenant if you have several tenants).'
  account="$(azure account show)"
  tenant_id="$(jq -r .tenantId <<<"$account")"
  say "Tenant $tenant_id, as $(jq -r .user.name <<<"$account")"
  if [[ -n $tenant && $tenant != "$tenant_id" ]]; then
    die "This is not the tenant $tenant." "Sign in there: az login --tenant $tenant"
  fi
  cloud="$(azure cloud show)"
  graph_url="$(jq -r '.endpoints.microsoftGraphResourceId | rtrimstr("/")' <<<"$cloud")/v1.0"
  resource_manager="$(jq -r '.endpoints.resourceManager | rtrimstr("/")' <<<"$cloud")"
  if [[ -n $site ]]; then look_at_site; fi
  advice='Your account must be allowed to read the directory.'
  graph_principal="$(graph GET "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')?\$select=id,appRoles,oauth2PermissionScopes")"
  graph_id="$(jq -r .id <<<"$graph_principal")"
}

look_at_site() {
  local where settings advice
  where=(--name "$site" --resource-group "$resource_group" ${slot:+--slot "$slot"})
  advice='Check --site, --resource-group and --slot, and the subscription: az account set --subscription …'
  web_app="$(azure webapp show "${where[@]}")"
  identity="$(jq -r '.identity.principalId // ""' <<<"$web_app")"
  [[ -n $identity ]] || die "The site $site has no identity of its own." 'Deploy azuredeploy.json, or: az webapp identity assign'
  if [[ -n $base_url ]]; then return; fi
  settings="$(azure webapp config appsettings list "${where[@]}" --query "[?name=='BASE_URL'].value")"
  base_url="$(jq -r --argjson site "$web_app" '.[0] // "https://\($site.defaultHostName)" | rtrimstr("/")' <<<"$settings")"
  [[ $base_url =~ $PUBLIC_ADDRESS ]] ||
    die "The site’s BASE_URL is not an https:// address without a path: ${base_url@Q}" 'Correct the setting, or give --base-url.'
}

# Entra sends people to the second one after they sign out: it only goes to registered addresses.
redirect_uris() {
  jq -nc --arg base "$base_url" 'if $base == "" then [] else ["\($base)/auth/callback", "\($base)/signed-out"] end'
}

permit() {
  if [[ -n $site ]]; then
    grant "the site $site${slot:+ ($slot)}" "$identity"
    remark_on_own_permissions "$1"
  elif [[ -n $grant_app ]]; then
    grant 'the app registration' "$1"
  else
    say 'Permissions: none granted yet (run this again with --site, once there is one)'
  fi
}

say_what_is_next() {
  if [[ -n $dry_run ]]; then
    say 'Nothing was changed.'
  elif [[ -z $site && -z $grant_app ]]; then
    say "Next: deploy the portal with this CLIENT_ID and a secret, then run
  deploy/register.sh --client-id $1 --site SITE --resource-group GROUP --admin me"
  elif [[ -n $secret_due && -n $vault ]]; then
    say "Next: restart the site, so that it signs in with the new secret (the old one works until it ends):
  az webapp restart --name $site --resource-group $resource_group${slot:+ --slot $slot}"
  else
    say 'Next: /admin/doctor checks the result from the portal. Azure caches the tokens of an identity for up to a day: if the
  portal has called Graph before, new permissions may take effect only then.'
  fi
}

main "$@"
