#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf.h"
#include "confine.h"

#if defined(__linux__) && HAVE_PRCTL && HAVE_SYSCALL

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From the kernel's headers, which a musl compiler need not see. */
#define NR_landlock_create_ruleset	444
#define NR_landlock_restrict_self	446
#define RULESET_VERSION			1

struct ruleset {
	uint64_t	fs;
	uint64_t	net;
	uint64_t	scoped;
};

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static int
confine_files(int dialer)
{
	/* what each version of the interface added */
	static const uint64_t fs[] = { 0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff };
	struct ruleset r = { 0, 0, 0 };
	size_t size = sizeof(r.fs);
	long abi, fd, rc;
	int got = CONFINE_FILES;

	abi = syscall(NR_landlock_create_ruleset, NULL, 0, RULESET_VERSION);
	if (abi < 1)
		return 0;	/* not in this kernel, or switched off */
	r.fs = fs[abi > 5 ? 4 : abi - 1];
	if (abi >= 4) {
		r.net = dialer ? 1 : 3;	/* bind, connect */
		size += sizeof(r.net);
		got |= dialer ? 0 : CONFINE_NET;
	}
	if (abi >= 6) {
		r.scoped = 3;	/* abstract sockets, signals */
		size += sizeof(r.scoped);
	}
	if ((fd = syscall(NR_landlock_create_ruleset, &r, size, 0)) == -1)
		return -1;
	rc = syscall(NR_landlock_restrict_self, fd, 0);
	close((int)fd);
	return rc == -1 ? -1 : got;
}

static const uint32_t allowed[] = {
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_recvfrom, SYS_sendto,
	SYS_recvmsg, SYS_sendmsg, SYS_accept, SYS_accept4, SYS_close,
	SYS_shutdown, SYS_fcntl, SYS_ppoll, SYS_clock_gettime,
	SYS_getsockopt, SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap,
	SYS_mprotect, SYS_madvise, SYS_futex, SYS_getrandom, SYS_gettid,
	SYS_getpid, SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_rt_sigaction,
	SYS_restart_syscall, SYS_exit, SYS_exit_group,
#ifdef SYS_poll
	SYS_poll,
#endif
};

/* What a dialer may call besides; socket(2) has lines of its own. */
static const uint32_t dials[] = {
	SYS_connect, SYS_setsockopt, SYS_epoll_ctl, SYS_epoll_pwait,
	SYS_splice, SYS_pipe2,
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
#endif
};

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static int
confine_calls(int dialer)
{
	struct bpf_insn f[COUNT(allowed) + COUNT(dials) + 11];
	struct bpf_prog prog = { 0, f };
	uint8_t left;
	size_t i, n = 0, all = COUNT(allowed) + (dialer ? COUNT(dials) : 0);

	f[n++] = (struct bpf_insn){ LD_ABS, 0, 0, OFF_ARCH };
	f[n++] = (struct bpf_insn){ JEQ, 1, 0, AUDIT_ARCH };
	f[n++] = (struct bpf_insn){ RET, 0, 0, RET_KILL };
	f[n++] = (struct bpf_insn){ LD_ABS, 0, 0, OFF_NR };
	if (dialer) {
		left = (uint8_t)(all + 3);
		f[n++] = (struct bpf_insn){ JEQ, 0, 4, SYS_socket };
		f[n++] = (struct bpf_insn){ LD_ABS, 0, 0, OFF_ARG0 };
		f[n++] = (struct bpf_insn){ JEQ, left, 0, AF_INET };
		left--;
		f[n++] = (struct bpf_insn){ JEQ, left, 0, AF_INET6 };
		f[n++] = (struct bpf_insn){ RET, 0, 0, RET_ERRNO | EPERM };
	}
	for (i = 0; i < all; i++) {
		left = (uint8_t)(all - i);	/* over the rest and one RET */
		f[n++] = (struct bpf_insn){ JEQ, left, 0, i < COUNT(allowed) ?
		    allowed[i] : dials[i - COUNT(allowed)] };
	}
	f[n++] = (struct bpf_insn){ RET, 0, 0, RET_ERRNO | EPERM };
	f[n++] = (struct bpf_insn){ RET, 0, 0, RET_ALLOW };
	prog.len = (unsigned short)n;
	return prctl(PR_SET_SECCOMP, 2, &prog, 0, 0);
}

static int
confine(int dialer)
{
	int got, files;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return errno == EINVAL ? 0 : -1;
	got = CONFINE_NNP;
	/* the sanitizers' own needs are not a server's */
	if (SANITIZED)
		return got;
	if ((files = confine_files(dialer)) == -1)
		return -1;
	got |= files;
	if (AUDIT_ARCH == 0)
		return got;
	if (confine_calls(dialer) == 0)
		return got | CONFINE_CALLS;
	return errno == EINVAL || errno == ENOSYS ? got : -1;
}

int
confine_server(void)
{
	return confine(0);
}

int
confine_dialer(void)
{
	return confine(1);
}

#else

int
confine_server(void)
{
	return 0;
}

int
confine_dialer(void)
{
	return 0;
}

#endif
