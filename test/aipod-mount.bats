#!/usr/bin/env bats

load helper

setup() {
	setup_env
	mkdir -p "$T/data"
}

@test "add, list, remove" {
	status 0 aipod-mount list
	is "$output" ""
	status 0 aipod-mount add "$T/data"
	status 0 aipod-mount add --rw "$T/data:/data"
	status 0 aipod-mount list
	is "$output" "$T/data	$T/data	ro
/data	$T/data	rw"
	status 0 aipod-mount -j list
	is "${lines[1]}" "{\"container\":\"/data\",\"host\":\"$T/data\",\"mode\":\"rw\"}"
	status 1 aipod-mount add "$T/ws:/data"
	status 0 aipod-mount remove /data
	status 1 aipod-mount remove /data
	status 0 aipod-mount list
	is "$output" "$T/data	$T/data	ro"
}

@test "what would break the box is refused, and nothing is added" {
	for bad in relative "$T/data/../data" "$T/data:/a:b" "$T/data:rel" \
	    "$T/data:/app" "$T/data:/" "$T/data:/home" "$T/data:/run/aipod/x" \
	    "$T/data:/proc/1" "$T/data:/dev" "$T/data:/etc/resolv.conf" \
	    "$T/data:/x/../app" "$T/data:/x//y" "$T/data:/x/" \
	    "$T/missing" "$T/config:/c" "$T/config/aipod:/c" "$T:/t" /:/host; do
		status 100 aipod-mount add "$bad"
		has "$stderr" "cannot mount"
	done
	[ ! -e "$T/config/aipod/mounts" ]
}

@test "a link is judged by where it leads, at every launch again" {
	ln -s "$T/config" "$T/link"
	status 100 aipod-mount add "$T/link:/c"
	rm "$T/link"
	ln -s "$T/data" "$T/link"
	status 0 aipod-mount add "$T/link:/c"
	status 0 aipod-mount check
	is "$output" "/c	$T/data	ro"
	ln -sfn "$T/config" "$T/link"
	status 100 aipod-mount check
	is "$output" ""
	rm "$T/link"
	status 0 aipod-mount check
	is "$output" ""
	has "$stderr" "leaving out"
}

@test "the list is refused when others can write it, or it is no list" {
	aipod-mount add "$T/data"
	chmod 666 "$T/config/aipod/mounts"
	status 100 aipod-mount list
	chmod 600 "$T/config/aipod/mounts"
	echo "one field" >>"$T/config/aipod/mounts"
	status 100 aipod-mount check
}

@test "usage, dry run, pipe" {
	status 100 aipod-mount frobnicate
	status 100 aipod-mount add
	status 100 aipod-mount --no-such-option
	status 0 aipod-mount -n add "$T/data"
	[ ! -e "$T/config/aipod/mounts" ]
	aipod-mount add "$T/data:/d"
	is "$(aipod-mount list | cut -f2)" "$T/data"
	status 111 sh -c 'aipod-mount list >/dev/full'
}
