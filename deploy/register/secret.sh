# shellcheck shell=bash
# The sign-in secret: made with --new-secret, or when the vault has none. It is printed only when there is no vault.

vault_advice() {
  cat <<TEXT
The secrets of a vault need a role of their own, which owners of the subscription do not have. Assign it to yourself, and wait
  some minutes until it takes effect:
  az role assignment create --role 'Key Vault Secrets Officer' --assignee-principal-type User \\
    --assignee-object-id \$(az ad signed-in-user show --query id --output tsv) \\
    --scope \$(az keyvault show --name $vault --query id --output tsv)
TEXT
}

# Sets secret_due if a secret must be made. It reads the vault first, so that no secret is made that the vault would refuse.
settle_whether_due() {
  local found advice
  secret_due="$new_secret"
  if [[ -z $vault ]]; then return; fi
  advice="$(vault_advice)"
  found="$(azure keyvault secret list --vault-name "$vault" --query "[?name=='client-secret'].name")"
  if [[ $found == '[]' ]]; then
    say "Sign-in secret: the vault $vault has none"
    secret_due=yes
  elif [[ -z $new_secret ]]; then
    say "Sign-in secret: the vault $vault has one (--new-secret makes a new one)"
  fi
}

make_secret() {
  local id="$1" ends body advice
  ends="$(jq -nr --argjson days "$secret_days" 'now + $days * 86400 | todate')"
  body="$(jq -nc --arg ends "$ends" '{ passwordCredential: { displayName: "Portal sign-in", endDateTime: $ends } }')"
  advice='You need the role Application Administrator (or Cloud Application Administrator) in Microsoft Entra.'
  say "Sign-in secret: make one that expires on ${ends%T*}"
  graph POST "/applications/$id/addPassword" "$body" >"$scratch/password.json"
  if [[ -n $vault ]]; then
    keep_in_vault "$id" "$ends"
  elif [[ -z $dry_run ]]; then
    jq -r '"CLIENT_SECRET=\(.secretText)"' "$scratch/password.json"
    warn 'The secret is shown only once. Put it where the portal reads CLIENT_SECRET, and nowhere else.'
  fi
}

keep_in_vault() {
  local id="$1" ends="$2" arguments key advice
  # Without a line end: --file takes every byte.
  arguments=(keyvault secret set --vault-name "$vault" --name client-secret --file "$scratch/secret" --encoding utf-8
    --expires "$ends" --output none)
  if [[ -n $dry_run ]]; then
    plan az "${arguments[@]}"
    return
  fi
  jq -j .secretText "$scratch/password.json" >"$scratch/secret"
  if az "${arguments[@]}" 2>"$scratch/error" </dev/null; then
    say "  stored in the vault $vault as client-secret"
    return
  fi
  cp "$scratch/error" "$scratch/vault-error"
  key="$(jq -r .keyId "$scratch/password.json")"
  say '  the vault refused it: remove it from the registration'
  graph POST "/applications/$id/removePassword" "$(jq -nc --arg key "$key" '{ keyId: $key }')" >/dev/null
  cp "$scratch/vault-error" "$scratch/error"
  advice="$(vault_advice)"
  refused "az ${arguments[*]}"
}

# App Service reads Key Vault references once a day, or when it is told to.
# https://learn.microsoft.com/azure/app-service/app-service-key-vault-references#understand-rotation
refresh_site() {
  local url="$resource_manager$1/config/configreferences/appsettings/refresh?api-version=2022-03-01"
  if [[ -n $dry_run ]]; then
    plan az rest --method POST --url "$url"
    return
  fi
  say 'Site: read the vault again'
  az rest --method POST --url "$url" --output none 2>"$scratch/error" </dev/null ||
    warn "That failed ($(tail -n 1 "$scratch/error")); the site reads the vault by itself within 24 hours."
}

list_secrets() {
  jq -r 'now as $now | .passwordCredentials // [] | sort_by(.endDateTime)[]
    | (.endDateTime | sub("\\.[0-9]+"; "") | fromdate) as $ends
    | "  \(.displayName // "without a name"), \(.hint // "???")…, "
      + (if $ends < $now then "expired on \(.endDateTime[:10]): remove it" else "expires on \(.endDateTime[:10])" end)' <<<"$1" >&2
}
