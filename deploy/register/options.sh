# shellcheck shell=bash
# Read by the other parts.
# shellcheck disable=SC2034

usage() {
  cat <<'TEXT'
Registers the partner sign-up portal in Microsoft Entra. It changes only what is not right yet, so it can be run again.

  deploy/register.sh [--new-secret]                        before the deployment: the app registration
  deploy/register.sh --site NAME --resource-group GROUP    after it: addresses, permissions

The app registration
  --name NAME            its display name (Partner sign-up portal)
  --client-id ID         the registration with this client id, with any name
  --base-url URL         the portal's public address, BASE_URL; by default that of the site
  --multi-tenant         people of other organisations sign in too: for partners with proof "tenant"
  --admin PERSON         assigns Portal.Admin to this user principal name or object id; "me" is the signed-in account

The portal's site on Azure
  --site NAME            its name, the output siteName of the deployment
  --resource-group NAME  its resource group
  --slot NAME            one of its deployment slots, which has an identity of its own

The sign-in secret
  --vault NAME           the key vault (output vaultName) for the secret, client-secret; gets one if it has none
  --new-secret           makes a new one in any case; without --vault it is shown, once. Older ones work until they expire.
  --secret-days N        for how many days a new one is valid (180; at most 730)

Microsoft Graph's application permissions, for the site's identity (deploy/registration.json lists them)
  --app-roles            also the wider ones, for a policy that assigns app roles directly
  --doctor               also those with which the doctor sees more; they only read
  --undo                 also the one with which the portal deletes guests whom it made, and restores them
  --licences             also those for the report on licences; they only read
  --prune                removes granted permissions that these options do not include
  --grant-app            grants them to the app registration itself: for a portal that does not run on Azure

  --tenant ID            refuses to work in another tenant
  --wait SECONDS         how long to wait at most for the directory to replicate a change (90)
  --dry-run              only reads, and prints the calls that would change something
  --help
TEXT
}

read_options() {
  name='Partner sign-up portal'
  client_id='' base_url='' multi_tenant='' admin='' site='' resource_group='' slot='' vault='' new_secret=''
  app_roles='' doctor='' undo='' licences='' prune='' grant_app='' tenant='' dry_run=''
  secret_days=180 wait_seconds=90
  while (($# > 0)); do
    case "$1" in
      --multi-tenant | --new-secret | --app-roles | --doctor | --undo | --licences | --prune | --grant-app | --dry-run) set_option "$1" true ;;
      --name | --client-id | --base-url | --admin | --site | --resource-group | --slot | --vault | --secret-days | --tenant)
        set_option "$1" "${2:-}"
        shift
        ;;
      --wait)
        wait_seconds="${2:-}"
        shift
        ;;
      --help | -h)
        usage
        exit 0
        ;;
      *) misused "There is no option $1." ;;
    esac
    shift
  done
  check_options
}

set_option() {
  local variable="${1#--}"
  if [[ -z $2 || $2 == --* ]]; then misused "$1 needs a value."; fi
  printf -v "${variable//-/_}" '%s' "$2"
}

# What a BASE_URL may be. Entra sends people there with the code that signs them in.
readonly PUBLIC_ADDRESS='^(https://[A-Za-z0-9.-]+(:[0-9]+)?|http://localhost(:[0-9]+)?)$'

check_options() {
  local number='^[0-9]{1,4}$' guid='^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
  # Part of the host name that the secret is sent to.
  local vault_name='^[A-Za-z][A-Za-z0-9-]{1,23}$'
  base_url="${base_url%/}"
  [[ $wait_seconds =~ $number ]] || misused '--wait needs a number of seconds.'
  if [[ ! $secret_days =~ $number ]] || ((10#$secret_days < 1 || 10#$secret_days > 730)); then
    misused '--secret-days needs a number from 1 to 730.'
  fi
  # In base ten, even with a leading zero.
  wait_seconds=$((10#$wait_seconds)) secret_days=$((10#$secret_days))
  [[ -z $client_id || $client_id =~ $guid ]] || misused '--client-id needs a GUID.'
  [[ -z $tenant || $tenant =~ $guid ]] || misused '--tenant needs a GUID.'
  [[ -z $vault || $vault =~ $vault_name ]] || misused '--vault needs the name of a key vault, not its address.'
  [[ -z $base_url || $base_url =~ $PUBLIC_ADDRESS ]] || misused '--base-url needs an https:// address without a path.'
  [[ -z $site || -n $resource_group ]] || misused '--site needs --resource-group.'
  [[ -n $site || -z $resource_group$slot ]] || misused '--resource-group and --slot need --site.'
  [[ -n $site || -n $grant_app || -z $app_roles$doctor$undo$licences$prune ]] ||
    misused '--app-roles, --doctor, --undo, --licences and --prune need --site (or --grant-app).'
  [[ -z $site || -z $grant_app ]] || misused '--site and --grant-app exclude each other: a site has an identity of its own.'
  if [[ -n $app_roles ]]; then
    warn 'With AppRoleAssignment.ReadWrite.All an attacker who takes over the portal can get any permission in the tenant.'
    warn 'A policy that gives apps through groups does not need --app-roles.'
  fi
}

misused() {
  warn "$1"
  say 'deploy/register.sh --help lists the options.'
  exit 2
}

look_at_tools() {
  ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404)) ||
    die "This needs bash 4.4 or newer; this is bash $BASH_VERSION." 'Azure Cloud Shell has it: https://shell.azure.com'
  local tool
  for tool in az jq; do
    command -v "$tool" >/dev/null || die "The command $tool is missing." \
      'Azure Cloud Shell has it: https://shell.azure.com. Or install the Azure CLI (https://aka.ms/azure-cli) and jq (https://jqlang.org).'
  done
}
