# SPDX-License-Identifier: Apache-2.0
# APH_TRY_CFLAG(FLAG): adds FLAG to APH_CFLAGS where the compiler takes it.
AC_DEFUN([APH_TRY_CFLAG], [
    AC_MSG_CHECKING([whether $CC takes $1])
    aph_saved_cflags=$CFLAGS
    CFLAGS="$CFLAGS -Werror $1"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
        [AC_MSG_RESULT([yes]); APH_CFLAGS="$APH_CFLAGS $1"], [AC_MSG_RESULT([no])])
    CFLAGS=$aph_saved_cflags
])

# APH_COMPILER_FLAGS: warnings and hardening for every target.
AC_DEFUN([APH_COMPILER_FLAGS], [
    APH_CFLAGS="-std=gnu11 -Wall -Wextra"
    m4_foreach_w([flag], [-Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
        -Wwrite-strings -Wformat=2 -Wvla -Wundef -Wno-unused-parameter -fstack-protector-strong
        -fstack-clash-protection -fcf-protection -fno-common], [APH_TRY_CFLAG(flag)])
    AS_IF([test "x$enable_werror" = xyes], [APH_CFLAGS="$APH_CFLAGS -Werror"])
    # glibc's checked string functions need optimisation, and sanitizers bring checks of their own.
    AS_CASE(["$CFLAGS $enable_sanitizers"],
        [*-O@<:@123s@:>@*" no"], [APH_CFLAGS="$APH_CFLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"])
    APH_LDFLAGS="-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed"
    AC_SUBST([APH_CFLAGS])
    AC_SUBST([APH_LDFLAGS])
])

# APH_SANITIZERS: ASan and UBSan for programs and unit tests. The module is left out: it lives in
# an httpd that was not built with them.
AC_DEFUN([APH_SANITIZERS], [
    SANITIZE_FLAGS=
    AS_IF([test "x$enable_sanitizers" = xyes], [
        SANITIZE_FLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
        aph_saved_cflags=$CFLAGS
        CFLAGS="$CFLAGS $SANITIZE_FLAGS"
        AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [],
            [AC_MSG_ERROR([--enable-sanitizers: $CC cannot link with $SANITIZE_FLAGS])])
        CFLAGS=$aph_saved_cflags
        AC_DEFINE([APH_SANITIZED], [1], [Built with sanitizers, which need more system calls.])
    ])
    AC_SUBST([SANITIZE_FLAGS])
])

# APH_FUZZ: libFuzzer targets, and libraries that tell the fuzzer where it got to.
AC_DEFUN([APH_FUZZ], [
    AS_IF([test "x$enable_fuzz" = xyes], [
        aph_saved_cflags=$CFLAGS
        CFLAGS="$CFLAGS -fsanitize=fuzzer-no-link"
        AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [],
            [AC_MSG_ERROR([--enable-fuzz: $CC has no libFuzzer; use clang])])
        CFLAGS=$aph_saved_cflags
        SANITIZE_FLAGS="$SANITIZE_FLAGS -fsanitize=fuzzer-no-link"
    ])
    AM_CONDITIONAL([BUILD_FUZZ], [test "x$enable_fuzz" = xyes])
])
