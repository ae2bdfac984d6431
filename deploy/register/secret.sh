# shellcheck shell=bash
# The sign-in secret: made when asked for, or when the vault has none. It is printed only where there is no vault.

vault_advice() {
  cat <<TEXT
Secrets of a vault take a role of their own, which owners of the subscription lack as well. Give it to yourself, and wait some
  minutes until it counts:
  az role assignment create --role 'Key Vault Secrets Officer' --assignee-principal-type User \\
    --assignee-object-id \$(az ad signed-in-user show --query id --output tsv) \\
    --scope \$(az keyvault show --name $vault --query id --output tsv)
TEXT
}

# Sets secret_due where one has to be made; looks first, so that nothing is made that the vault would not take.
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
    say "Sign-in secret: the vault $vault has one (--new-secret makes another)"
  fi
}

make_secret() {
  local id="$1" ends body advice
  ends="$(jq -nr --argjson days "$secret_days" 'now + $days * 86400 | todate')"
  body="$(jq -nc --arg ends "$ends" '{ passwordCredential: { displayName: "Portal sign-in", endDateTime: $ends } }')"
  advice='It takes the role Application Administrator (or Cloud Application Administrator) in Microsoft Entra.'
  say "Sign-in secret: make one that ends on ${ends%T*}"
  graph POST "/applications/$id/addPassword" "$body" >"$scratch/password.json"
  if [[ -n $vault ]]; then
    keep_in_vault "$id" "$ends"
  elif [[ -z $dry_run ]]; then
    jq -r '"CLIENT_SECRET=\(.secretText)"' "$scratch/password.json"
    warn 'The secret is shown this once. Put it where the portal reads CLIENT_SECRET, and nowhere else.'
  fi
}

keep_in_vault() {
  local id="$1" ends="$2" arguments key advice
  # With no line end: --file takes every byte.
  arguments=(keyvault secret set --vault-name "$vault" --name client-secret --file "$scratch/secret" --encoding utf-8
    --expires "$ends" --output none)
  if [[ -n $dry_run ]]; then
    plan az "${arguments[@]}"
    return
  fi
  jq -j .secretText "$scratch/password.json" >"$scratch/secret"
  if az "${arguments[@]}" 2>"$scratch/error" </dev/null; then
    say "  it is in the vault $vault, as client-secret"
    return
  fi
  cp "$scratch/error" "$scratch/vault-error"
  key="$(jq -r .keyId "$scratch/password.json")"
  say '  the vault did not take it: take it back'
  graph POST "/applications/$id/removePassword" "$(jq -nc --arg key "$key" '{ keyId: $key }')" >/dev/null
  cp "$scratch/vault-error" "$scratch/error"
  advice="$(vault_advice)"
  refused "az ${arguments[*]}"
}

# Key Vault references are read once a day, unless they are asked for anew.
# https://learn.microsoft.com/azure/app-service/app-service-key-vault-references#understand-rotation
refresh_site() {
  local url="$resource_manager$1/config/configreferences/appsettings/refresh?api-version=2022-03-01"
  if [[ -n $dry_run ]]; then
    plan az rest --method POST --url "$url"
    return
  fi
  say 'Site: have it read the vault anew'
  az rest --method POST --url "$url" --output none 2>"$scratch/error" </dev/null ||
    warn "It would not ($(tail -n 1 "$scratch/error")); it reads the vault by itself within 24 hours."
}

list_secrets() {
  jq -r 'now as $now | .passwordCredentials // [] | sort_by(.endDateTime)[]
    | (.endDateTime | sub("\\.[0-9]+"; "") | fromdate) as $ends
    | "  \(.displayName // "without a name"), \(.hint // "???")…, "
      + (if $ends < $now then "ended on \(.endDateTime[:10]): remove it" else "ends on \(.endDateTime[:10])" end)' <<<"$1" >&2
}
