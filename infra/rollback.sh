#!/bin/sh
# Puts a stack's functions back on the versions that were live before, within seconds.
#
#   rollback.sh note STACK FILE    writes down which version each function's alias live is on
#   rollback.sh back FILE          puts the aliases back there
#
# Only what the alias points at goes back: the API's definition, triggers and permissions stay as they were deployed.
# Deploy the commit before as well, so that stack and aliases agree again.
set -eu

note() {
  : >"$2"
  functions=$(aws cloudformation describe-stack-resources --stack-name "$1" --output text \
    --query "StackResources[?ResourceType=='AWS::Lambda::Function'].PhysicalResourceId" 2>"$2.error") || {
    grep -q 'does not exist' "$2.error" || { cat "$2.error" >&2; exit 1; }
    echo "there is no stack $1 yet: nothing to go back to"
    functions=
  }
  rm -f "$2.error"
  for function in $functions; do
    version=$(aws lambda get-alias --function-name "$function" --name live --query FunctionVersion --output text)
    echo "$function $version" | tee -a "$2"
  done
}

back() {
  while read -r function version; do
    aws lambda update-alias --function-name "$function" --name live --function-version "$version" \
      --routing-config 'AdditionalVersionWeights={}' --query '[Name, FunctionVersion]' --output text </dev/null \
      || { failed=1; echo "$function is NOT back on version $version" >&2; continue; }
    echo "$function is back on version $version"
  done <"$1"
  exit "${failed:-0}"
}

case "${1:-} $#" in
  'note 3') note "$2" "$3" ;;
  'back 2') back "$2" ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
