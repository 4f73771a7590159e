#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf.h"
#include "hold.h"

#if defined(__linux__) && HAVE_PRCTL && HAVE_SYSCALL

#include <sys/prctl.h>
#include <sys/syscall.h>

#define VSOCK		40
#define NR_io_uring	425		/* everywhere */
#define X32		0x40000000u	/* set in the numbers of that way in */
#define SIZE		40

struct calls {
	uint32_t	arch;
	uint32_t	socket;		/* its first argument must not be */
	uint32_t	family;		/* this */
	uint32_t	multi;		/* socketcall, of which 1 is socket; 0 */
	uint32_t	gone[5];
};

static const struct calls all[] = {
	{ AUDIT_ARCH, SYS_socket, VSOCK, 0, { SYS_keyctl, SYS_add_key,
	    SYS_request_key, SYS_userfaultfd, NR_io_uring } },
#if defined(__x86_64__)
	{ 0x40000003u, 359, VSOCK, 102, { 288, 286, 287, 374, NR_io_uring } },
#elif defined(__aarch64__)
	{ 0x40000028u, 281, VSOCK, 0, { 311, 309, 310, 388, NR_io_uring } },
#endif
};

/* Deny a call whose first argument is this; the number is loaded again. */
static size_t
deny_arg(struct bpf_insn *f, uint32_t call, uint32_t arg, uint32_t mask)
{
	f[0] = (struct bpf_insn){ JEQ, 0, 5, call };
	f[1] = (struct bpf_insn){ LD_ABS, 0, 0, OFF_ARG0 };
	f[2] = (struct bpf_insn){ JEQ, 0, 1, arg };
	f[3] = (struct bpf_insn){ RET, 0, 0, RET_ERRNO | EAFNOSUPPORT };
	f[4] = (struct bpf_insn){ LD_ABS, 0, 0, OFF_NR };
	f[5] = (struct bpf_insn){ AND, 0, 0, mask };
	return 6;
}

/* One way into the kernel: the instructions for it, all of which return. */
static size_t
filter(struct bpf_insn *f, const struct calls *c)
{
	uint32_t mask = c->arch == AUDIT_ARCH ? ~X32 : ~0u;
	size_t i, n = 0;

	f[n++] = (struct bpf_insn){ LD_ABS, 0, 0, OFF_NR };
	f[n++] = (struct bpf_insn){ AND, 0, 0, mask };
	n += deny_arg(f + n, c->socket, c->family, mask);
	if (c->multi != 0)
		n += deny_arg(f + n, c->multi, 1, mask);
	for (i = 0; i < 5; i++)
		f[n++] = (struct bpf_insn){ JEQ, (uint8_t)(5 - i), 0,
		    c->gone[i] };
	f[n++] = (struct bpf_insn){ RET, 0, 0, RET_ALLOW };
	f[n++] = (struct bpf_insn){ RET, 0, 0, RET_ERRNO | ENOSYS };
	return n;
}

int
hold_back(void)
{
	struct bpf_insn f[2 * SIZE];
	struct bpf_prog prog = { 0, f };
	size_t i, n = 0, len;

	if (AUDIT_ARCH == 0)
		return 0;
	f[n++] = (struct bpf_insn){ LD_ABS, 0, 0, OFF_ARCH };
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		len = filter(f + n + 1, &all[i]);
		f[n] = (struct bpf_insn){ JEQ, 0, (uint8_t)len, all[i].arch };
		n += len + 1;
	}
	f[n++] = (struct bpf_insn){ RET, 0, 0, RET_ERRNO | ENOSYS };
	prog.len = (unsigned short)n;
	if (prctl(PR_SET_SECCOMP, 2, &prog, 0, 0) == -1 && errno != EINVAL &&
	    errno != ENOSYS && errno != EACCES)
		return -1;
	return 0;
}

#else

int
hold_back(void)
{
	return 0;
}

#endif
