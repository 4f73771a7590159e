/*
 * Filters of system calls: what the kernel's headers say of them, which a musl
 * compiler need not see.
 */
#ifndef AIPOD_BPF_H
#define AIPOD_BPF_H

#include <stdint.h>

struct bpf_insn {
	uint16_t	code;
	uint8_t		jt;
	uint8_t		jf;
	uint32_t	k;
};

struct bpf_prog {
	unsigned short		 len;
	const struct bpf_insn	*insn;
};

#define LD_ABS		0x20		/* BPF_LD | BPF_W | BPF_ABS */
#define AND		0x54		/* BPF_ALU | BPF_AND | BPF_K */
#define JEQ		0x15		/* BPF_JMP | BPF_JEQ | BPF_K */
#define RET		0x06		/* BPF_RET | BPF_K */
#define RET_ALLOW	0x7fff0000u
#define RET_ERRNO	0x00050000u
#define RET_KILL	0x80000000u
#define OFF_NR		0
#define OFF_ARCH	4
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OFF_ARG0	16		/* its lower half */
#else
#define OFF_ARG0	20
#endif

#if defined(__x86_64__) && !defined(__ILP32__)
#define AUDIT_ARCH	0xc000003eu
#elif defined(__aarch64__)
#define AUDIT_ARCH	0xc00000b7u
#elif defined(__riscv) && __riscv_xlen == 64
#define AUDIT_ARCH	0xc00000f3u
#else
#define AUDIT_ARCH	0
#endif

#endif
