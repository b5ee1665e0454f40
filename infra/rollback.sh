#!/bin/sh
# Rolls the aliases of a stack's functions back to the previous versions, within seconds.
#
#   rollback.sh note STACK FILE    writes the current version of each function's alias "live" to FILE
#   rollback.sh back FILE          points the aliases at the versions in FILE
#   rollback.sh forward STACK      points the aliases at the versions that CloudFormation has recorded
#
# Only the aliases change: the API's definition, triggers and permissions stay as deployed.
# Deploy the previous commit as well, so that stack and aliases agree again. A deployment without changes leaves
# rolled-back aliases where they are: run "forward" after it, or the deployed versions are not in use.
set -eu

# Prints the physical ids of a stack's resources of a type. (list-stack-resources has pages, describe-stack-resources stops at
# 100 resources.)
resources() {
  aws cloudformation list-stack-resources --stack-name "$1" --output text --query \
    "StackResourceSummaries[?ResourceType=='$2' && !starts_with(ResourceStatus, 'DELETE')].[PhysicalResourceId]"
}

note() {
  : >"$2"
  functions=$(resources "$1" AWS::Lambda::Function 2>"$2.error") || {
    grep -q 'does not exist' "$2.error" || { cat "$2.error" >&2; exit 1; }
    echo "there is no stack $1 yet: nothing to record"
    functions=
  }
  rm -f "$2.error"
  for function in $functions; do
    version=$(aws lambda get-alias --function-name "$function" --name live --query FunctionVersion --output text)
    echo "$function $version" | tee -a "$2"
  done
}

# Routes all traffic of the alias to one version.
point() {
  aws lambda update-alias --function-name "$1" --name live --function-version "$2" \
    --routing-config 'AdditionalVersionWeights={}' --query '[Name, FunctionVersion]' --output text </dev/null
}

back() {
  while read -r function version; do
    point "$function" "$version" || { failed=1; echo "$function was NOT rolled back to version $version" >&2; continue; }
    echo "$function was rolled back to version $version"
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
    point "$function" "$version" || { failed=1; echo "$function does NOT point at version $version" >&2; continue; }
    echo "$function pointed at version $live, and now points at the stack's version $version"
  done
  exit "${failed:-0}"
}

case "${1:-} $#" in
  'note 3') note "$2" "$3" ;;
  'back 2') back "$2" ;;
  'forward 2') forward "$2" ;;
  *) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
