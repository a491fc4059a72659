# SPDX-License-Identifier: Apache-2.0
# APH_CHECK_HTTPD(MINIMUM)
# Finds httpd through apxs, which alone knows where modules and headers live on this system.
AC_DEFUN([APH_CHECK_HTTPD], [
    AC_ARG_WITH([apxs],
        [AS_HELP_STRING([--with-apxs=PATH], [apxs of the httpd to build for])],
        [APXS=$withval],
        [AC_PATH_PROGS([APXS], [apxs apxs2], [], [$PATH:/usr/sbin:/usr/local/apache2/bin])])
    AS_IF([test -z "$APXS" || test ! -x "$APXS"],
        [AC_MSG_ERROR([apxs not found: install httpd's development package or give --with-apxs=PATH])])
    HTTPD_INCLUDEDIR=`$APXS -q INCLUDEDIR`
    HTTPD_CFLAGS="-isystem $HTTPD_INCLUDEDIR `$APXS -q EXTRA_CPPFLAGS`"
    HTTPD_PROGRAM="`$APXS -q SBINDIR`/`$APXS -q PROGNAME`"
    AC_ARG_WITH([moduledir],
        [AS_HELP_STRING([--with-moduledir=DIR], [where mod_apphost.so goes (default: as apxs says)])],
        [HTTPD_MODULEDIR=$withval], [HTTPD_MODULEDIR=`$APXS -q LIBEXECDIR`])
    AC_MSG_CHECKING([for httpd >= $1])
    # One pair of brackets each: m4 takes the rest of a line with a # in it for a comment.
    HTTPD_VERSION=`sed -n \
        -e 's/^#define AP_SERVER_MAJORVERSION_NUMBER *\([0-9]*\).*/\1/p' \
        -e 's/^#define AP_SERVER_MINORVERSION_NUMBER *\([0-9]*\).*/.\1/p' \
        -e 's/^#define AP_SERVER_PATCHLEVEL_NUMBER *\([0-9]*\).*/.\1/p' \
        "$HTTPD_INCLUDEDIR/ap_release.h" | tr -d '\n'`
    AC_MSG_RESULT([${HTTPD_VERSION:-unknown}])
    AS_VERSION_COMPARE([$HTTPD_VERSION], [$1],
        [AC_MSG_ERROR([httpd $HTTPD_VERSION is too old: $1 or newer is needed])])
    AC_SUBST([APXS])
    AC_SUBST([HTTPD_CFLAGS])
    AC_SUBST([HTTPD_MODULEDIR])
    AC_SUBST([HTTPD_PROGRAM])
    AC_SUBST([HTTPD_VERSION])
])
