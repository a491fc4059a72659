/* SPDX-License-Identifier: Apache-2.0 */
/* The filter is written by hand: this runs between fork and exec, and is part of what every program
 * of apphost links. */
#include "common/no_network.h"

#include <errno.h>
#include <stddef.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined __x86_64__
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined __aarch64__ && defined __AARCH64EL__
#define OUR_ARCH AUDIT_ARCH_AARCH64
#elif defined __loongarch64 && defined AUDIT_ARCH_LOONGARCH64
#define OUR_ARCH AUDIT_ARCH_LOONGARCH64
#elif defined __riscv && __riscv_xlen == 64
#define OUR_ARCH AUDIT_ARCH_RISCV64
#elif defined __powerpc64__ && defined __LITTLE_ENDIAN__
#define OUR_ARCH AUDIT_ARCH_PPC64LE
#elif defined __s390x__
#define OUR_ARCH AUDIT_ARCH_S390X
#elif defined __arm__ && defined __ARM_EABI__
#define OUR_ARCH AUDIT_ARCH_ARM
#elif defined __i386__
#define OUR_ARCH AUDIT_ARCH_I386
#endif

#define FIELD(name)          BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, name))
#define ANSWER(action)       BPF_STMT(BPF_RET | BPF_K, (action))
#define WHERE_CALL(number, action)                                                                 \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), ANSWER(action)
#define REFUSED              (SECCOMP_RET_ERRNO | EACCES)
#define UNKNOWN              (SECCOMP_RET_ERRNO | ENOSYS)

int aph_no_network(void)
{
#ifdef OUR_ARCH
    static const struct sock_filter steps[] = {
        /* A call of another architecture has other numbers: nobody here makes one. */
        FIELD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0),
        ANSWER(SECCOMP_RET_KILL_PROCESS),
        FIELD(nr),
#ifdef __x86_64__
        /* The numbers of x32 begin here; they are the same calls once more. */
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 1),
        ANSWER(UNKNOWN),
#endif
        WHERE_CALL(SYS_connect, REFUSED),
        WHERE_CALL(SYS_bind, REFUSED),
        WHERE_CALL(SYS_listen, REFUSED),
        WHERE_CALL(SYS_sendto, REFUSED),
        WHERE_CALL(SYS_sendmsg, REFUSED),
        WHERE_CALL(SYS_sendmmsg, REFUSED),
#ifdef SYS_socketcall
        /* All of the above in one, with its arguments where no filter sees them. */
        WHERE_CALL(SYS_socketcall, UNKNOWN),
#endif
        WHERE_CALL(425 /* io_uring_setup, everywhere */, UNKNOWN),
        ANSWER(SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof steps / sizeof steps[0], (struct sock_filter *)steps};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
#else
    errno = ENOSYS;
    return -1;
#endif
}
