# Ends the children that its parent leaves behind.
#
# Reads orders from standard input, one per line:
#   watch PID SIGNAL    end the process group PID with SIGNAL, and with KILL after 2 s
#   forget PID          the process has ended by itself
#   folder PATH         remove the folder, after the processes
# Standard input ends when the parent ends, for any reason: then the orders are carried out.

trap '' HUP INT TERM
newline='
'
children=$newline
folders=$newline

while read -r order argument signal; do
  case $order in
    watch) children="$children$argument $signal$newline" ;;
    forget)
      rest=$newline
      while read -r pid name; do
        [ -z "$pid" ] || [ "$pid" = "$argument" ] || rest="$rest$pid $name$newline"
      done <<LIST
$children
LIST
      children=$rest ;;
    folder) folders="$folders$argument${signal:+ $signal}$newline" ;;
  esac
done

end() { # PID SIGNAL: signals the group, or the process while it does not lead a group yet
  kill -s "$2" -- "-$1" 2>/dev/null || kill -s "$2" "$1" 2>/dev/null
}

pids=''
while read -r pid signal; do
  [ -z "$pid" ] && continue
  end "$pid" "$signal"
  pids="$pids $pid"
done <<LIST
$children
LIST

tries=0
for pid in $pids; do
  # Without an init, an ended process remains as a zombie: hence the limit.
  while kill -0 "$pid" 2>/dev/null && [ $tries -lt 20 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  end "$pid" KILL
done

while read -r folder; do
  [ -z "$folder" ] || rm -rf -- "$folder"
done <<LIST
$folders
LIST
