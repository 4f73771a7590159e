#if HAVE_EPOLL
#include <sys/types.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attack.h"

void
attack_stopped(struct attempt *t, const char *fmt, ...)
{
	va_list ap;

	t->through = 0;
	va_start(ap, fmt);
	vsnprintf(t->how, sizeof(t->how), fmt, ap);
	va_end(ap);
}

void
attack_result(struct attempt *t, long rc, const char *had)
{
	t->through = rc != -1;
	snprintf(t->how, sizeof(t->how), "%s",
	    rc == -1 ? strerror(errno) : had);
}

/* ---- files --------------------------------------------------------------- */

static void
try_read(struct attempt *t, char *arg, size_t n)
{
	char b[1];
	int fd;

	(void)n;
	if ((fd = open(arg, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) == -1) {
		attack_result(t, -1, "");
		return;
	}
	switch (read(fd, b, 1)) {
	case 0:
		attack_stopped(t, "it is empty");
		break;
	case -1:
		attack_result(t, -1, "");
		break;
	default:
		attack_result(t, 0, "it was read");
	}
}

static void
try_write(struct attempt *t, char *arg, size_t n)
{
	(void)n;
	attack_result(t, open(arg, O_WRONLY | O_NONBLOCK | O_CLOEXEC),
	    "it is open for writing");
}

/* Make something of this name, and take it away again. */
static void
try_create(struct attempt *t, char *arg, size_t n)
{
	int fd;

	(void)n;
	if ((fd = open(arg, O_WRONLY | O_CREAT | O_EXCL, 0700)) != -1)
		unlink(arg);
	attack_result(t, fd, "it was made");
}

/* "PATH NEW": what stands in the way of a swap. */
static void
try_rename(struct attempt *t, char *arg, size_t n)
{
	char *new = strchr(arg, ' ');
	int rc;

	(void)n;
	if (new == NULL)
		return;
	*new++ = '\0';
	if ((rc = rename(arg, new)) == 0)
		rename(new, arg);
	attack_result(t, rc, "it was renamed");
}

static void
try_unlink(struct attempt *t, char *arg, size_t n)
{
	(void)n;
	attack_result(t, unlink(arg), "it is gone");
}

/* "TYPE MAJOR MINOR": b or c; a node that can be opened is enough. */
static void
try_mknod(struct attempt *t, char *arg, size_t n)
{
	unsigned major_no, minor_no;
	char type, path[] = "/tmp/.attack-node";
	int rc;

	(void)n;
	if (sscanf(arg, "%c %u %u", &type, &major_no, &minor_no) != 3)
		return;
	unlink(path);
	rc = mknod(path, (type == 'b' ? S_IFBLK : S_IFCHR) | 0600,
	    makedev(major_no, minor_no));
	if (rc == 0) {
		rc = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		unlink(path);
	}
	attack_result(t, rc, "the device is open");
}

/* A file outside of every mount, by its handle in the file system below. */
static void
try_handle(struct attempt *t, char *arg, size_t n)
{
	struct {
		unsigned int	bytes;
		int		type;
		uint64_t	id;
	} h = { 8, 1, 2 };
	int fd;

	(void)n;
	fd = open(arg, O_RDONLY | O_CLOEXEC);
	attack_result(t, fd == -1 ? -1 : syscall(SYS_open_by_handle_at, fd, &h,
	    O_RDONLY), "the root of the disk is open");
}

/* No mount's source may have this in it. */
static void
try_mounts(struct attempt *t, char *arg, size_t n)
{
	char line[4096], *root;
	FILE *f;

	(void)n;
	if ((f = fopen("/proc/self/mountinfo", "re")) == NULL) {
		attack_result(t, -1, "");
		return;
	}
	attack_stopped(t, "no mount is of that");
	while (fgets(line, sizeof(line), f) != NULL) {
		root = strstr(line, " /");
		if (root != NULL && (root[1 + strcspn(root + 1, " ")] = '\0',
		    strstr(root, arg) != NULL))
			attack_result(t, 0, root + 1);
	}
	fclose(f);
}

/* Descriptors that came along. */
static void
try_descriptors(struct attempt *t, char *arg, size_t n)
{
	char path[64], to[256];
	ssize_t r;
	int fd;

	(void)n;
	attack_stopped(t, "none of that came along");
	for (fd = 3; fd < 256; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if ((r = readlink(path, to, sizeof(to) - 1)) == -1)
			continue;
		to[r] = '\0';
		if (strncmp(to, arg, strlen(arg)) == 0)
			attack_result(t, 0, to);
	}
}

/* ---- privileges ---------------------------------------------------------- */

static void
try_call(struct attempt *t, char *arg, size_t n)
{
	static char junk[4096];
	static const struct {
		const char	*name;
		long		 nr, a[5];
	} calls[] = {
		{ "init_module", SYS_init_module, { 0, 0, 0 } },
		{ "finit_module", SYS_finit_module, { -1, 0, 0 } },
		{ "delete_module", SYS_delete_module, { 0, 0 } },
		{ "kexec_load", SYS_kexec_load, { 0, 0, 0, 0 } },
		{ "reboot", SYS_reboot, { 0, 0, 0, 0 } },
		{ "swapoff", SYS_swapoff, { 0 } },
		{ "acct", SYS_acct, { 0 } },
		{ "bpf", SYS_bpf, { 0, 0, 0 } },
		{ "perf_event_open", SYS_perf_event_open, { 0, 0, -1, -1, 0 } },
		{ "syslog", SYS_syslog, { 3, (long)junk, 64 } },
		{ "sethostname", SYS_sethostname, { (long)"x", 1 } },
		{ "settimeofday", SYS_settimeofday, { 0, (long)junk } },
		{ "chroot", SYS_chroot, { (long)"/tmp" } },
		{ "setuid", SYS_setuid, { 0 } },
		{ "unshare-net", SYS_unshare, { 0x40000000 } },
		{ "unshare-mount", SYS_unshare, { 0x20000 } },
		{ "userfaultfd", SYS_userfaultfd, { 0 } },
		{ "io_uring", SYS_io_uring_setup, { 1, (long)junk } },
		{ "keyctl", SYS_keyctl, { 0, -3, 0 } },
		{ "add_key", SYS_add_key, { (long)"user", (long)"x", (long)"x",
		    1, -3 } },
		{ "fsopen", SYS_fsopen, { (long)"tmpfs", 0 } },
#ifdef SYS_iopl
		{ "iopl", SYS_iopl, { 3 } },
#endif
#ifdef SYS_ioperm
		{ "ioperm", SYS_ioperm, { 0, 1, 1 } },
#endif
	};
	size_t i;

	(void)n;
	if (strcmp(arg, "setuid") == 0 && geteuid() == 0) {
		attack_stopped(t, "root of the box already, no more than that");
		return;
	}
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i].name, arg) == 0) {
			attack_result(t, syscall(calls[i].nr, calls[i].a[0],
			    calls[i].a[1], calls[i].a[2], calls[i].a[3],
			    calls[i].a[4]), "the call was done");
			/* refused for its arguments alone is let through */
			if (!t->through && (errno == EFAULT ||
			    errno == EINVAL || errno == EBADF))
				attack_result(t, 0, "only the arguments were"
				    " wrong");
			return;
		}
	attack_stopped(t, "there is no such call here");
}

static void
try_mount(struct attempt *t, char *arg, size_t n)
{
	int rc = -1;

	(void)n;
	if (strcmp(arg, "tmpfs") == 0)
		rc = mount("none", "/tmp", "tmpfs", 0, NULL);
	else if (strcmp(arg, "proc") == 0)
		rc = mount("none", "/tmp", "proc", 0, NULL);
	else if (strcmp(arg, "bind") == 0)
		rc = mount("/", "/tmp", NULL, MS_BIND | MS_REC, NULL);
	else if (strcmp(arg, "remount") == 0)
		rc = mount(NULL, "/run/aipod", NULL, MS_REMOUNT | MS_BIND, NULL);
	else
		rc = umount2(arg, MNT_DETACH);
	attack_result(t, rc, "the mount was changed");
}

static int
write_map(const char *file, unsigned id)
{
	char line[64];
	int fd, len, rc;

	if ((fd = open(file, O_WRONLY | O_CLOEXEC)) == -1)
		return -1;
	len = snprintf(line, sizeof(line), "0 %u 1\n", id);
	rc = write(fd, line, (size_t)len) == len ? 0 : -1;
	close(fd);
	return rc;
}

/* Root of a user namespace of one's own, and then the mount. */
static void
try_userns(struct attempt *t, char *arg, size_t n)
{
	unsigned uid = (unsigned)geteuid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == -1 ||
	    write_map("/proc/self/uid_map", uid) == -1) {
		attack_result(t, -1, "");
		return;
	}
	/* one's own tmpfs there is no way out: only ours are tried */
	try_mount(t, arg, n);
}

static void
try_ptrace(struct attempt *t, char *arg, size_t n)
{
	pid_t pid = (pid_t)strtol(arg, NULL, 10);
	long rc = ptrace(PTRACE_ATTACH, pid, NULL, NULL);

	(void)n;
	if (rc == 0)
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
	attack_result(t, rc, "it can be traced");
}

static void
try_memory(struct attempt *t, char *arg, size_t n)
{
	char b[8];
	struct iovec here = { b, sizeof(b) }, there = { (void *)0x400000, 8 };

	(void)n;
	attack_result(t, process_vm_readv((pid_t)strtol(arg, NULL, 10), &here,
	    1, &there, 1, 0), "its memory was read");
}

/* An open descriptor of another process, by its handle. */
static void
try_pidfd(struct attempt *t, char *arg, size_t n)
{
	long pid = strtol(arg, NULL, 10), handle, fd = -1;
	int want;

	(void)n;
	handle = syscall(434, pid, 0);		/* pidfd_open */
	for (want = 0; handle != -1 && fd == -1 && want < 64; want++)
		fd = syscall(438, handle, want, 0);	/* pidfd_getfd */
	attack_result(t, fd, "a descriptor was taken");
}

static void
try_setns(struct attempt *t, char *arg, size_t n)
{
	int fd = open(arg, O_RDONLY | O_CLOEXEC);

	(void)n;
	attack_result(t, fd == -1 ? -1 : setns(fd, 0), "it was entered");
}

/* Any process whose root is another than ours. */
static void
try_roots(struct attempt *t, char *arg, size_t n)
{
	struct stat own, other;
	char path[64];
	int pid;

	(void)arg;
	(void)n;
	attack_stopped(t, "all roots that can be seen are this one");
	if (stat("/", &own) == -1)
		return;
	for (pid = 1; pid < 65536 && !t->through; pid++) {
		snprintf(path, sizeof(path), "/proc/%d/root/.", pid);
		if (stat(path, &other) == 0 && (other.st_dev != own.st_dev ||
		    other.st_ino != own.st_ino))
			attack_result(t, 0, path);
	}
}

/* Up from a directory: what has nothing above must be our root. */
static void
try_above(struct attempt *t, char *arg, size_t n)
{
	struct stat own, here, up;
	int fd = open(arg, O_RDONLY | O_DIRECTORY), i;

	(void)n;
	if (fd == -1 || stat("/", &own) == -1 || fstat(fd, &up) == -1) {
		attack_result(t, -1, "");
		return;
	}
	for (i = 0; i < 256; i++) {
		here = up;
		if ((fd = openat(fd, "..", O_RDONLY | O_DIRECTORY)) == -1 ||
		    fstat(fd, &up) == -1) {
			attack_result(t, -1, "");
			return;
		}
		if (up.st_dev == here.st_dev && up.st_ino == here.st_ino)
			break;
	}
	if (up.st_dev == own.st_dev && up.st_ino == own.st_ino)
		attack_stopped(t, "the box's root is above");
	else
		attack_result(t, 0, "there is another root above");
}

/* "FILE NEW": another name for it, where it could be changed or kept. */
static void
try_link(struct attempt *t, char *arg, size_t n)
{
	char *new = strchr(arg, ' ');
	int rc;

	(void)n;
	if (new == NULL)
		return;
	*new++ = '\0';
	if ((rc = link(arg, new)) == 0)
		unlink(new);
	attack_result(t, rc, "it has another name");
}

/* A line of /proc/self/status: "NAME WANTED". */
static void
try_status(struct attempt *t, char *arg, size_t n)
{
	char line[256], *want = strchr(arg, ' '), *v;
	FILE *f;

	(void)n;
	if (want == NULL || (f = fopen("/proc/self/status", "re")) == NULL)
		return;
	*want++ = '\0';
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, arg, strlen(arg)) != 0 ||
		    line[strlen(arg)] != ':')
			continue;
		v = line + strlen(arg);
		v += strspn(v, ":\t ");
		v[strcspn(v, "\n")] = '\0';
		if (strcmp(v, want) == 0)
			attack_stopped(t, "%s is %s", arg, v);
		else
			attack_result(t, 0, v);
	}
	fclose(f);
}

/* Put a key into the terminal's input. */
static void
try_terminal(struct attempt *t, char *arg, size_t n)
{
	int fd;

	(void)n;
	if ((fd = open("/dev/tty", O_RDWR | O_CLOEXEC)) == -1) {
		attack_stopped(t, "no terminal");
		return;
	}
	/* TIOCSTI */
	attack_result(t, syscall(SYS_ioctl, fd, 0x5412, arg),
	    "a key was typed");
}

const struct method attack_box[] = {
	{ "read", try_read }, { "write", try_write }, { "create", try_create },
	{ "rename", try_rename }, { "unlink", try_unlink },
	{ "mknod", try_mknod }, { "handle", try_handle },
	{ "mounts", try_mounts }, { "descriptors", try_descriptors },
	{ "call", try_call }, { "mount", try_mount }, { "userns", try_userns },
	{ "ptrace", try_ptrace }, { "memory", try_memory },
	{ "pidfd", try_pidfd }, { "setns", try_setns },
	{ "roots", try_roots }, { "above", try_above }, { "link", try_link },
	{ "status", try_status }, { "terminal", try_terminal },
	{ NULL, NULL }
};
#else
typedef int attackbox_needs_linux;
#endif
