/*
 * Call, under lib/hold, what is to be gone, by each way into the kernel.
 */
#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hold.h"

static int failed;

static void
is(const char *what, long rc, int want)
{
	if ((want == 0 && rc >= 0) || (want != 0 && rc == -want))
		return;
	printf("%s: %ld, wanted %d\n", what, rc, -want);
	failed = 1;
}

static long
now(long rc)
{
	return rc == -1 ? -errno : rc;
}

#if defined(__x86_64__)
/* As a program of 32 bits calls; and what it has in memory for socketcall. */
static long
call32(long nr, long a, long b, long c)
{
	long rc;

	__asm__ volatile("int $0x80" : "=a"(rc) : "a"(nr), "b"(a), "c"(b),
	    "d"(c) : "memory", "r8", "r9", "r10", "r11");
	return (int)rc;
}

static void
others(void)
{
	is("keyctl of 32 bits", call32(288, 0, -3, 0), ENOSYS);
	is("add_key of 32 bits", call32(286, 0, 0, 0), ENOSYS);
	is("request_key of 32 bits", call32(287, 0, 0, 0), ENOSYS);
	is("userfaultfd of 32 bits", call32(374, 1, 0, 0), ENOSYS);
	is("io_uring of 32 bits", call32(425, 1, 0, 0), ENOSYS);
	is("vsock of 32 bits", call32(359, 40, 1, 0), EAFNOSUPPORT);
	is("socketcall", call32(102, 1, 0, 0), EAFNOSUPPORT);
	is("socket of 32 bits", call32(359, AF_UNIX, 1, 0), 0);
	is("getpid of 32 bits", call32(20, 0, 0, 0), 0);
	is("keyctl of x32", now(syscall(0x40000000 + SYS_keyctl, 0, -3, 0)),
	    ENOSYS);
	is("vsock of x32", now(syscall(0x40000000 + SYS_socket, 40, 1, 0)),
	    EAFNOSUPPORT);
}
#else
static void
others(void)
{
}
#endif

int
main(int argc, char *argv[])
{
	char params[256];

	(void)argv;
	if (argc > 1) {		/* nothing is held back: is there anything? */
		is("keyctl", now(syscall(SYS_keyctl, 0, -3, 0)), 0);
		return failed;
	}
	if (hold_back() == -1) {
		perror("hold_back");
		return 111;
	}
	memset(params, 0, sizeof(params));
	is("keyctl", now(syscall(SYS_keyctl, 0, -3, 0)), ENOSYS);
	is("add_key", now(syscall(SYS_add_key, "user", "x", "x", 1, -3)), ENOSYS);
	is("request_key", now(syscall(SYS_request_key, "user", "x", "", -3)),
	    ENOSYS);
	is("userfaultfd", now(syscall(SYS_userfaultfd, 1)), ENOSYS);
	is("io_uring", now(syscall(425, 1, params)), ENOSYS);
	is("vsock", now(socket(40, SOCK_STREAM, 0)), EAFNOSUPPORT);
	is("socket", now(socket(AF_UNIX, SOCK_STREAM, 0)), 0);
	is("getpid", now(getpid()), 0);
	others();
	return failed;
}
