#!/bin/sh
# answer.sh DIR: one HTTP exchange on standard input and output for socat.
# The n-th request is kept as DIR/head.n and DIR/body.n, and answered with the
# bytes of DIR/answer.n (the last one there is, when there are fewer).
dir=$1
n=1
while [ -e "$dir/head.$n" ]; do n=$((n + 1)); done
len=0
while IFS= read -r line; do
	line=${line%"$(printf '\r')"}
	[ -n "$line" ] || break
	printf '%s\n' "$line"
	case $line in
	[Cc]ontent-[Ll]ength:*) len=${line#*:} ;;
	esac
	echo "$((len))" >"$dir/len.$n"
done >"$dir/head.$n"
head -c "$(cat "$dir/len.$n")" >"$dir/body.$n"
while [ ! -e "$dir/answer.$n" ] && [ $n -gt 1 ]; do n=$((n - 1)); done
cat "$dir/answer.$n"
