# shellcheck shell=sh
# Sourced by the tests, the benches and make try: see that the engine can run a
# container at all, and where only the default runtime or limits stand in the
# way (cgroup v1 or hybrid, no CAP_SYS_RESOURCE), go round them for this run.

# engine_rootfs DIR: a root of the system's static busybox.
engine_rootfs() {
	_bb=$(command -v busybox) || return 1
	mkdir -p "$1/bin" "$1/proc" "$1/sys" "$1/dev" "$1/tmp" "$1/etc" "$1/run"
	cp "$_bb" "$1/bin/busybox"
	ln -sf busybox "$1/bin/true"
	ln -sf busybox "$1/bin/sh"
}

# engine_works ENGINE ROOTFS
engine_works() {
	case $1 in
	*docker*) "$1" info >/dev/null 2>&1 ;;
	*) "$1" run --rm --network none --log-driver=none --rootfs "$2" \
	    /bin/true >/dev/null 2>&1 ;;
	esac
}

# engine_prepare DIR: podman works, if need be with a containers.conf of ours
# in DIR, whose name is then in CONTAINERS_CONF.
engine_prepare() {
	command -v podman >/dev/null || return 1
	mkdir -p "$1" && engine_rootfs "$1/rootfs" || return 1
	if engine_works podman "$1/rootfs"; then
		return 0
	fi
	command -v runc >/dev/null || return 1
	cat >"$1/containers.conf" <<-EOT
	[containers]
	default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
	[engine]
	runtime = "runc"
	cgroup_manager = "cgroupfs"
	events_logger = "file"
	EOT
	CONTAINERS_CONF=$1/containers.conf
	export CONTAINERS_CONF
	if engine_works podman "$1/rootfs"; then
		echo "podman's default runtime cannot run here: using runc and" \
		    "CONTAINERS_CONF=$CONTAINERS_CONF" >&2
		return 0
	fi
	unset CONTAINERS_CONF
	return 1
}
