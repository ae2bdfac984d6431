# shellcheck shell=bash
# Application permissions for Graph, and app roles of the portal.

# Prints the permissions that the options include, as an array.
wanted_permissions() {
  jq -c --arg roles "$app_roles" --arg doctor "$doctor" --arg undo "$undo" --arg licences "$licences" '.graphPermissions
    | .always + (if $roles != "" then .appRoles else [] end) + (if $doctor != "" then .doctor else [] end)
      + (if $undo != "" then .undo else [] end) + (if $licences != "" then .licences else [] end)
    | unique' "$data"
}

# grant WHO PRINCIPAL: grants the wanted permissions, names any others, and removes those with --prune.
grant() {
  local who="$1" principal="$2" wanted have missing role permission advice
  advice='To grant application permissions of Microsoft Graph you need the role Privileged Role Administrator (or Global Administrator).'
  wanted="$(wanted_permissions)"
  refuse_unknown "$wanted"
  have="$(granted_to "$principal")"
  missing="$(jq -r --argjson have "$have" --argjson wanted "$wanted" '.appRoles[]
    | select((.allowedMemberTypes | index("Application")) and IN(.value; $wanted[]) and (IN(.value; $have[].name) | not))
    | "\(.id) \(.value)"' <<<"$graph_principal")"
  while read -r role permission; do
    if [[ -z $role ]]; then continue; fi
    say "Permission for $who: grant $permission"
    assign "/servicePrincipals/$principal/appRoleAssignments" "$principal" "$graph_id" "$role"
  done <<<"$missing"
  if [[ -z $missing ]]; then say "Permissions for $who: it has all that it needs"; fi
  shed "$who" "$principal" "$(jq -c --argjson wanted "$wanted" 'map(select(IN(.name; $wanted[]) | not))' <<<"$have")"
}

refuse_unknown() {
  local unknown
  unknown="$(jq -r --argjson wanted "$1" '$wanted - [.appRoles[]
    | select(.allowedMemberTypes | index("Application")) | .value] | join(", ")' <<<"$graph_principal")"
  [[ -z $unknown ]] || die "Microsoft Graph of this cloud has no application permission $unknown." \
    'See https://learn.microsoft.com/graph/permissions-reference for what your cloud offers.'
}

# Prints what a service principal is granted, each as { id of the assignment, name of the permission, ours: one of Graph }.
granted_to() {
  local assignments
  assignments="$(graph_list "/servicePrincipals/$1/appRoleAssignments")"
  jq -c --argjson graph "$graph_principal" 'map(. as $one
    | ($one.resourceId == $graph.id) as $ours
    | { id, ours: $ours, name: (first($graph.appRoles[] | select($ours and .id == $one.appRoleId) | .value)
        // "\($one.appRoleId) of \($one.resourceDisplayName)") })' <<<"$assignments"
}

shed() {
  local who="$1" principal="$2" id name ours surplus
  surplus="$(jq -r '.[] | [.id, .name, .ours] | @tsv' <<<"$3")"
  while IFS=$'\t' read -r id name ours; do
    if [[ -z $id ]]; then continue; fi
    if [[ -n $prune && $ours == true ]]; then
      say "Permission for $who: remove $name"
      graph DELETE "/servicePrincipals/$principal/appRoleAssignments/$id" >/dev/null
    else
      warn "Permission for $who: $name is granted, but these options do not include it. --prune removes permissions of Graph."
    fi
  done <<<"$surplus"
}

# A portal on Azure acts as the identity of its site. Its app registration, whose secret people handle, needs no permission.
remark_on_own_permissions() {
  local names
  names="$(granted_to "$1")"
  names="$(jq -r 'map(.name) | join(", ")' <<<"$names")"
  if [[ -n $names ]]; then
    warn "The app registration itself is granted $names. A portal on Azure does not need that: remove it under" \
      'Enterprise applications, Permissions, unless another portal with this registration runs outside Azure.'
  fi
}

# assign PATH PRINCIPAL RESOURCE ROLE. Reads lag behind: the assignment may exist though it was not listed.
# https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignments
assign() {
  local harmless='being assigned already exists'
  graph POST "$1" "$(jq -nc --arg principal "$2" --arg resource "$3" --arg role "$4" \
    '{ principalId: $principal, resourceId: $resource, appRoleId: $role }')" >/dev/null
}

# appoint PERSON APPLICATION PRINCIPAL: assigns the first admin, who can then add others.
appoint() {
  local whom="$1" application="$2" principal="$3" person role held advice path
  path="/users/$(encode "$whom")"
  if [[ $whom == me ]]; then path=/me; fi
  advice='Give a user principal name or object id of this tenant, or “me”.'
  person="$(patience=0 graph GET "$path?\$select=id,displayName")"
  role="$(jq -r '.appRoles[] | select(.value == "Portal.Admin") | .id' <<<"$application")"
  held="$(graph_list "/servicePrincipals/$principal/appRoleAssignedTo")"
  advice='You need the role Application Administrator (or Cloud Application Administrator) in Microsoft Entra.'
  if jq -e --arg role "$role" --argjson person "$person" \
    'any(.[]; .principalId == $person.id and .appRoleId == $role)' <<<"$held" >/dev/null; then
    say "Portal.Admin: $(jq -r .displayName <<<"$person") has it"
  else
    say "Portal.Admin: assign it to $(jq -r .displayName <<<"$person")"
    assign "/servicePrincipals/$principal/appRoleAssignedTo" "$(jq -r .id <<<"$person")" "$principal" "$role"
  fi
}
