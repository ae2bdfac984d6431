# shellcheck shell=bash
# Every call to Azure: reads, changes (with --dry-run only printed), and waiting for new objects to be replicated.

# Standard output is for machines, or the plan of --dry-run; messages for people go to standard error.
say() { printf '%s\n' "$*" >&2; }
warn() { printf '! %s\n' "$*" >&2; }
die() {
  printf '\n✗ %s\n' "$1" >&2
  shift
  printf '  %s\n' "$@" >&2
  exit 1
}

encode() { jq -rn --arg text "$1" '$text | @uri'; }

# One copy of the directory knows a new object before the others, which answer with these errors until then.
# https://learn.microsoft.com/entra/architecture/architecture#data-consistency
readonly NOT_SPREAD_YET='Request_ResourceNotFound|NoBackingApplicationObject|does not reference a valid application object|Permission being assigned was not found'

# Stands for the id of an object that a dry run did not create.
readonly NEW='new-object'

# graph METHOD PATH [BODY] prints Graph's answer. `patience` is how many seconds to wait for replication at most, `advice` says
# what to do when Graph refuses, `harmless` is an error that means that it is done already. A dry run prints a change and
# answers it as Graph would; a read of the new object is empty.
graph() {
  local method="$1" path="$2" body="${3:-}"
  if [[ -n $dry_run && $method != GET ]]; then
    plan az rest --method "$method" --url "$graph_url$path" ${body:+--body "$(jq -c . <<<"$body")"}
    jq -c --arg id "$NEW" '{ id: $id, appId: $id } + .' <<<"${body:-"{}"}"
  elif [[ $path == *"$NEW"* ]]; then
    echo '{ "value": [] }'
  else
    call_until_spread "$method" "$graph_url$path" "$body"
  fi
}

plan() {
  local word line=''
  for word in "$@"; do
    if [[ ! $word =~ ^[A-Za-z0-9_./:=@-]+$ ]]; then word="${word@Q}"; fi
    line+="$word "
  done
  printf '%s\n' "${line% }" >&3
}

call_until_spread() {
  local method="$1" url="$2" body="$3" waited=0 pause=2 arguments
  arguments=(--method "$method" --url "$url" --output json)
  if [[ -n $body ]]; then
    # In a file, because everybody on the machine can read a command line.
    printf '%s' "$body" >"$scratch/body.json"
    arguments+=(--headers Content-Type=application/json --body "@$scratch/body.json")
  fi
  until az rest "${arguments[@]}" 2>"$scratch/error" </dev/null; do
    if [[ -n ${harmless:-} ]] && grep -q "$harmless" "$scratch/error"; then
      echo '{}'
      return
    fi
    if ! grep -Eq "$NOT_SPREAD_YET" "$scratch/error" || ((waited >= ${patience:-$wait_seconds})); then
      refused "$method $url"
    fi
    say "  not replicated yet, trying again in $pause s"
    sleep "$pause"
    waited=$((waited + pause))
    pause=$((pause < 16 ? pause * 2 : 16))
  done
}

refused() {
  local reason
  reason="$(tr -d '\r' <"$scratch/error" | tail -n 5)"
  die "Azure refused: $1" "$reason" "${advice:-}" 'The changes so far stay. Correct this and run the same command again: it continues from there.'
}

# graph_list PATH prints the values of all pages as one array.
graph_list() {
  local path="$1" page pages=''
  while [[ -n $path ]]; do
    page="$(graph GET "$path")"
    pages+="$page"
    path=''
    # Most lists are one page, and each start of jq takes a while.
    if [[ $page == *'"@odata.nextLink"'* ]]; then
      path="$(jq -r --arg root "$graph_url" '.["@odata.nextLink"] // "" | ltrimstr($root)' <<<"$page")"
    fi
  done
  jq -cs 'map(.value) | add' <<<"$pages"
}

# azure ARGUMENT… prints the answer of a command that only reads.
azure() {
  az "$@" --output json 2>"$scratch/error" </dev/null || refused "az $*"
}
