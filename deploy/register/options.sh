# shellcheck shell=bash
# Read by the other parts.
# shellcheck disable=SC2034

usage() {
  cat <<'TEXT'
Registers the partner sign-up portal in Microsoft Entra. Can be run again: it changes only what is not right yet.

  deploy/register.sh [--new-secret]                        before the deployment: the app registration
  deploy/register.sh --site NAME --resource-group GROUP    after it: addresses, permissions

The app registration
  --name NAME            its display name (Partner sign-up portal)
  --client-id ID         the registration with this client id, whatever its name
  --base-url URL         the portal's public address, BASE_URL; else that of the site
  --multi-tenant         people of other organisations sign in too: for partners with proof "tenant"
  --admin WHOM           assigns Portal.Admin to this user principal name or object id; "me" for whoever is signed in

The portal's site on Azure
  --site NAME            its name, the output siteName of the deployment
  --resource-group NAME  its resource group
  --slot NAME            a deployment slot of it, which has an identity of its own

The sign-in secret
  --vault NAME           the key vault (output vaultName): keeps the secret as client-secret, and gets one when it has none
  --new-secret           makes one in any case; without --vault it is shown, once. Older ones work until they end.
  --secret-days N        how long a new one is good for (180; at most 730)

Microsoft Graph's application permissions, for the site's identity (deploy/registration.json lists them)
  --app-roles            the wider ones, for a policy that assigns app roles directly
  --doctor               those that let the doctor see more; they only read
  --prune                takes away what is granted and not asked for
  --grant-app            gives them to the app registration itself: for a portal that does not run on Azure

  --tenant ID            refuses to work in another tenant
  --wait SECONDS         waits so long at most for what has not spread through the directory (90)
  --dry-run              reads, and prints the calls that would change something
  --help
TEXT
}

read_options() {
  name='Partner sign-up portal'
  client_id='' base_url='' multi_tenant='' admin='' site='' resource_group='' slot='' vault='' new_secret=''
  app_roles='' doctor='' prune='' grant_app='' tenant='' dry_run=''
  secret_days=180 wait_seconds=90
  while (($# > 0)); do
    case "$1" in
      --multi-tenant | --new-secret | --app-roles | --doctor | --prune | --grant-app | --dry-run) set_option "$1" true ;;
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

# What a BASE_URL may be, wherever it comes from: people are sent there with what signs them in.
readonly PUBLIC_ADDRESS='^(https://[A-Za-z0-9.-]+(:[0-9]+)?|http://localhost(:[0-9]+)?)$'

check_options() {
  local number='^[0-9]{1,4}$' guid='^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
  # Part of a host name to which the secret is sent.
  local vault_name='^[A-Za-z][A-Za-z0-9-]{1,23}$'
  base_url="${base_url%/}"
  [[ $wait_seconds =~ $number ]] || misused '--wait needs a number of seconds.'
  if [[ ! $secret_days =~ $number ]] || ((10#$secret_days < 1 || 10#$secret_days > 730)); then
    misused '--secret-days needs a number from 1 to 730.'
  fi
  # In base ten, whatever zero stands in front.
  wait_seconds=$((10#$wait_seconds)) secret_days=$((10#$secret_days))
  [[ -z $client_id || $client_id =~ $guid ]] || misused '--client-id needs a GUID.'
  [[ -z $tenant || $tenant =~ $guid ]] || misused '--tenant needs a GUID.'
  [[ -z $vault || $vault =~ $vault_name ]] || misused '--vault needs the name of a key vault, not its address.'
  [[ -z $base_url || $base_url =~ $PUBLIC_ADDRESS ]] || misused '--base-url needs an https:// address without a path.'
  [[ -z $site || -n $resource_group ]] || misused '--site needs --resource-group.'
  [[ -n $site || -z $resource_group$slot ]] || misused '--resource-group and --slot need --site.'
  [[ -n $site || -n $grant_app || -z $app_roles$doctor$prune ]] ||
    misused '--app-roles, --doctor and --prune need --site (or --grant-app).'
  [[ -z $site || -z $grant_app ]] || misused '--site and --grant-app exclude each other: a site has an identity of its own.'
  if [[ -n $app_roles ]]; then
    warn 'With AppRoleAssignment.ReadWrite.All whoever takes the portal over can grant themselves any permission in the tenant.'
    warn 'Reaching apps through groups needs no --app-roles.'
  fi
}

misused() {
  warn "$1"
  say 'deploy/register.sh --help says what there is.'
  exit 2
}

look_at_tools() {
  ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404)) ||
    die "This takes bash 4.4 or newer; here is $BASH_VERSION." 'Azure Cloud Shell has it: https://shell.azure.com'
  local tool
  for tool in az jq; do
    command -v "$tool" >/dev/null || die "The command $tool is missing." \
      'Azure Cloud Shell has it: https://shell.azure.com. Else install the Azure CLI (https://aka.ms/azure-cli) and jq (https://jqlang.org).'
  done
}
