/*
 * What the kernel gives a box although it is the whole machine's: no namespace
 * divides the user's keyrings (where there is no user namespace) or AF_VSOCK,
 * by which a virtual machine's host, and its network, are reached; io_uring
 * and userfaultfd are the tools of those who attack a kernel.  Engines differ
 * in whether they refuse these.
 */
#ifndef AIPOD_HOLD_H
#define AIPOD_HOLD_H

/*
 * From now on, for this process and all that it starts, keyctl(2), add_key(2),
 * request_key(2), io_uring_setup(2) and userfaultfd(2) are not there (ENOSYS),
 * nor are sockets of AF_VSOCK, by the calls of 32-bit programs neither: which
 * on x86 means no socketcall(2) for a socket.  Returns 0, also where the kernel
 * has no filters or this process may not have one (it can gain privileges);
 * -1 with errno.
 */
int	hold_back(void);

#endif
