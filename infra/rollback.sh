#!/bin/sh
# Puts a stack's functions back on the versions that were live before, within seconds.
#
#   rollback.sh note STACK FILE    writes down which version each function's alias live is on
#   rollback.sh back FILE          puts the aliases back there
#   rollback.sh forward STACK      puts the aliases on the versions that CloudFormation believes them to be on
#
# Only what the alias points at goes back: the API's definition, triggers and permissions stay as they were deployed.
# Deploy the commit before as well, so that stack and aliases agree again. A deployment that changes nothing leaves
# aliases that went back where they are: go forward after it, or it looks as if what it deployed were in use.
set -eu

# The physical ids of a stack's resources of a type. (list-stack-resources has pages, describe-stack-resources ends at
# a hundred.)
resources() {
  aws cloudformation list-stack-resources --stack-name "$1" --output text --query \
    "StackResourceSummaries[?ResourceType=='$2' && !starts_with(ResourceStatus, 'DELETE')].[PhysicalResourceId]"
}

note() {
  : >"$2"
  functions=$(resources "$1" AWS::Lambda::Function 2>"$2.error") || {
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

# All calls of the alias to one version.
point() {
  aws lambda update-alias --function-name "$1" --name live --function-version "$2" \
    --routing-config 'AdditionalVersionWeights={}' --query '[Name, FunctionVersion]' --output text </dev/null
}

back() {
  while read -r function version; do
    point "$function" "$version" || { failed=1; echo "$function is NOT back on version $version" >&2; continue; }
    echo "$function is back on version $version"
  done <"$1"
  exit "${failed:-0}"
}

forward() {
  versions=$(resources "$1" AWS::Lambda::Version)
  for arn in $versions; do
    function=${arn%:*} version=${arn##*:}
    function=${function##*:}
    live=$(aws lambda get-alias --function-name "$function" --name live --query FunctionVersion --output text)
    [ "$live" != "$version" ] || continue
    point "$function" "$version" || { failed=1; echo "$function is NOT on version $version" >&2; continue; }
    echo "$function was on version $live, and is on the stack's version $version"
  done
  exit "${failed:-0}"
}

case "${1:-} $#" in
  'note 3') note "$2" "$3" ;;
  'back 2') back "$2" ;;
  'forward 2') forward "$2" ;;
  *) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
