/* SPDX-License-Identifier: Apache-2.0 */
/* Folders to serve, password files and templates, in a folder of this test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "helper/vhost/files_dir.h"
#include "helper/vhost/template.h"

static apr_pool_t *pool;
static char top[] = "/var/tmp/aph-vhost-XXXXXX";
static aphd_settings_t settings = {.path = "/etc/apphost/apphostd.conf",
                                   .web_user = "nobody",
                                   .state_dir = "/var/lib/apphost",
                                   .data_dir = "/var/lib/apphost/data",
                                   .runtime_dir = "/run/apphost"};
/* Neither who runs the test nor root: the third class of bits counts. */
static const aphd_web_user_t stranger = {"stranger", 54321, {54321}, 1};

static const char *at(const char *relative)
{
    return apr_pstrcat(pool, top, "/", relative, NULL);
}

static void make_folder(const char *relative, mode_t mode)
{
    mkdir(at(relative), 0700);
    assert_int_equal(chmod(at(relative), mode), 0);
}

static void make_file(const char *relative, const char *text, size_t length, mode_t mode)
{
    FILE *file = fopen(at(relative), "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    fclose(file);
    assert_int_equal(chmod(at(relative), mode), 0);
}

static void folder_is(const char *path, apr_status_t status, const char *piece)
{
    aph_error_t err = APH_ERROR_INIT;
    apr_status_t rv = aphd_files_dir_judge(path, &stranger, &settings, pool, &err);
    if (rv != status || (piece != NULL && strstr(err.message, piece) == NULL))
        fail_msg("%s: %d %s", path, rv, err.message);
}

static void what_is_not_to_be_served(void **state)
{
    static const char *const kept[] = {"/",
                                       "/etc",
                                       "/etc/apache2",
                                       "/root",
                                       "/root/x",
                                       "/proc",
                                       "/proc/self",
                                       "/sys",
                                       "/dev",
                                       "/boot",
                                       "/run",
                                       "/run/user/0",
                                       "/usr",
                                       "/usr/share/doc",
                                       "/bin",
                                       "/sbin",
                                       "/lib",
                                       "/lib64",
                                       "/var",
                                       "/var/lib",
                                       "/var/lib/docker",
                                       "/var/lib/docker/volumes",
                                       "/var/lib/containers/storage",
                                       "/var/log",
                                       "/var/log/x",
                                       "/var/lib/apphost",
                                       "/var/lib/apphost/data/7",
                                       "/run/apphost",
                                       "/home",
                                       "/home/anna",
                                       "/tmp",
                                       "/var/tmp",
                                       "/home/anna/.ssh",
                                       "/srv/.git",
                                       "/var/run/x"};
    static const char *const spelled[] = {"",         "srv",      "./srv",     "/srv/../etc",
                                          "/srv/",    "//srv",    "/srv/./x",  "/srv//x",
                                          "/srv/a b", "/srv/\"x", "/srv/${x}", "/srv/x\n"};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        folder_is(kept[i], APH_EDENIED, kept[i]);
    for (size_t i = 0; i < sizeof spelled / sizeof spelled[0]; i++)
        folder_is(spelled[i], APH_EUSAGE, "cannot be a folder to serve");
    folder_is("/home/anna", APH_EDENIED, "whole homes");
    folder_is("/etc/x", APH_EDENIED, "configuration");
    folder_is("/varia-that-is-not-there", APH_ENOTFOUND, "No such file");
}

static void folders_and_their_rights(void **state)
{
    make_folder("site", 0755);
    make_folder("site/a", 0755);
    make_folder("site/a/b", 0755);
    folder_is(at("site/a/b"), APR_SUCCESS, NULL);
    make_folder("site/a/b", 0711);
    folder_is(at("site/a/b"), APH_EFORBIDDEN,
              apr_pstrcat(pool, "chmod o+r ", at("site/a/b"), NULL));
    make_folder("site/a/b", 0700);
    folder_is(at("site/a/b"), APH_EFORBIDDEN,
              apr_pstrcat(pool, "chmod o+rx ", at("site/a/b"), NULL));
    make_folder("site/a/b", 0755);
    make_folder("site/a", 0711);
    folder_is(at("site/a/b"), APR_SUCCESS, NULL);
    make_folder("site/a", 0744);
    folder_is(at("site/a/b"), APH_EFORBIDDEN, apr_pstrcat(pool, "chmod o+x ", at("site/a"), NULL));
    make_folder("site/a", 0755);
    folder_is(at("site/a/none"), APH_ENOTFOUND, "site/a/none");
    make_file("site/a/file", "x", 1, 0644);
    folder_is(at("site/a/file"), APH_EDENIED, "is not a folder");
    folder_is(at("site/a/file/x"), APH_EDENIED, "is not a folder");
}

static void the_class_of_bits_is_the_kernels(void **state)
{
    make_folder("own", 0077);
    aphd_web_user_t user = {"web", getuid() == 0 ? 54323 : getuid(), {54321}, 1};
    aph_error_t err = APH_ERROR_INIT;
    if (getuid() == 0)
        assert_int_equal(chown(at("own"), user.uid, 54321), 0);
    assert_int_equal(aphd_files_dir_judge(at("own"), &user, &settings, pool, &err), APH_EFORBIDDEN);
    assert_non_null(strstr(err.message, "chmod u+rx"));
    if (getuid() != 0)
        return;
    err = (aph_error_t)APH_ERROR_INIT;
    user.uid = 54324;
    assert_int_equal(chmod(at("own"), 0707), 0);
    assert_int_equal(aphd_files_dir_judge(at("own"), &user, &settings, pool, &err), APH_EFORBIDDEN);
    assert_non_null(strstr(err.message, "chmod g+rx"));
    assert_int_equal(aphd_files_dir_judge(at("own"), &stranger, &settings, pool, NULL),
                     APH_EFORBIDDEN);
}

static void links_and_swappers(void **state)
{
    make_folder("real", 0755);
    make_folder("real/inner", 0755);
    assert_int_equal(symlink("real", at("link")), 0);
    folder_is(at("link"), APH_EDENIED, "symbolic link");
    folder_is(at("link/inner"), APH_EDENIED, "symbolic link");
    make_folder("real", 0777);
    folder_is(at("real"), APR_SUCCESS, NULL); /* what lies in it is the admin's to share */
    folder_is(at("real/inner"), APH_EDENIED, "everybody may write");
    make_folder("real", 01777);
    folder_is(at("real/inner"), APR_SUCCESS, NULL);
}

static void password_files(void **state)
{
    aph_error_t err = APH_ERROR_INIT;
    make_folder("secret", 0711);
    make_file("secret/users", "a:b\n", 4, 0644);
    assert_int_equal(aphd_auth_file_judge(at("secret/users"), &stranger, &settings, pool, &err),
                     APR_SUCCESS);
    make_file("secret/users", "a:b\n", 4, 0640);
    assert_int_equal(aphd_auth_file_judge(at("secret/users"), &stranger, &settings, pool, &err),
                     APH_EFORBIDDEN);
    assert_non_null(strstr(err.message, "chmod o+r"));
    assert_int_equal(aphd_auth_file_judge(at("secret"), &stranger, &settings, pool, NULL),
                     APH_EDENIED);
    assert_int_equal(
        aphd_auth_file_judge("/var/lib/apphost/data/7/users", &stranger, &settings, pool, NULL),
        APH_EDENIED);
    assert_int_equal(aphd_auth_file_judge("/etc/../etc/passwd", &stranger, &settings, pool, NULL),
                     APH_EUSAGE);
    assert_int_equal(aphd_auth_file_judge("/etc/passwd", &stranger, &settings, pool, NULL),
                     APR_SUCCESS);
}

static void web_users(void **state)
{
    aphd_web_user_t user;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aphd_web_user_find(&settings, &user, pool, &err), APR_SUCCESS);
    assert_true(user.uid != 0 && user.group_count >= 1);
    aphd_settings_t strange = settings;
    strange.web_user = "nobody-of-that-name";
    assert_int_equal(aphd_web_user_find(&strange, &user, pool, &err), APH_ECONFIG);
}

/* --- templates ------------------------------------------------------------------------------- */

static apr_status_t find(const char *kind, aphd_template_t *template, aph_error_t *err)
{
    *err = (aph_error_t)APH_ERROR_INIT;
    settings.templates_dir = at("admin");
    return aphd_template_find(&settings, kind, at("shipped"), template, pool, err);
}

static void found_is(const char *kind, const char *text, int shipped)
{
    aphd_template_t template;
    aph_error_t err;
    if (find(kind, &template, &err) != APR_SUCCESS)
        fail_msg("%s: %s", kind, err.message);
    assert_string_equal(template.text, text);
    assert_int_equal(template.length, strlen(text));
    assert_int_equal(template.shipped, shipped);
}

static void the_effective_template(void **state)
{
    make_folder("admin", 0755);
    make_folder("admin/vhost", 0755);
    make_folder("shipped", 0755);
    make_folder("shipped/vhost", 0755);
    make_file("shipped/vhost/container.conf", "C", 1, 0644);
    make_file("shipped/vhost/webapp.conf", "W", 1, 0644);
    found_is("container", "C", 1);
    found_is("db-container", "C", 1);
    found_is("webapp", "W", 1);
    make_file("admin/vhost/container.conf", "own", 3, 0644);
    found_is("container", "own", 0);
    found_is("db-container", "own", 0);
    found_is("webapp", "W", 1);
    make_file("admin/vhost/container.conf", "C", 1, 0644); /* a copy nobody changed */
    found_is("container", "C", 1);
    make_file("shipped/vhost/db-container.conf", "D", 1, 0644);
    found_is("db-container", "D", 1);
    make_file("admin/vhost/db-container.conf", "C", 1, 0644);
    found_is("db-container", "C", 0);
    aphd_template_t template;
    aph_error_t err;
    assert_int_equal(find("headless", &template, &err), APH_EUSAGE);
    assert_int_equal(find("../container", &template, &err), APH_EUSAGE);
    unlink(at("shipped/vhost/webapp.conf"));
    assert_int_equal(find("webapp", &template, &err), APH_ECONFIG);
    assert_non_null(strstr(err.message, "install it again"));
}

static void cannot_be_used(const char *piece)
{
    aphd_template_t template;
    aph_error_t err;
    if (find("container", &template, &err) != APH_ECONFIG || strstr(err.message, piece) == NULL ||
        strstr(err.message, at("admin/vhost/container.conf")) == NULL)
        fail_msg("not \"%s\": %s", piece, err.message);
    unlink(at("admin/vhost/container.conf"));
}

static void templates_that_cannot_be_used(void **state)
{
    static char large[APHD_VHOST_TEXT_MAX + 1];
    const char *own = "admin/vhost/container.conf";
    memset(large, 'x', sizeof large);
    make_file(own, "x", 1, 0664);
    cannot_be_used("chmod go-w");
    make_file(own, "x", 1, 0646);
    cannot_be_used("chmod go-w");
    if (getuid() == 0) {
        make_file(own, "x", 1, 0644);
        assert_int_equal(chown(at(own), 54321, 54321), 0);
        cannot_be_used("not root's");
    }
    make_file(own, "a\0b", 3, 0644);
    cannot_be_used("NUL");
    make_file(own, "a\xffz", 3, 0644);
    cannot_be_used("not UTF-8");
    make_file(own, large, sizeof large, 0644);
    cannot_be_used("larger than 64 KiB");
    make_file(own, large, sizeof large - 1, 0644);
    aphd_template_t template;
    aph_error_t err;
    assert_int_equal(find("container", &template, &err), APR_SUCCESS);
    unlink(at(own));
    assert_int_equal(symlink("/etc/passwd", at(own)), 0);
    cannot_be_used("symbolic link");
    assert_int_equal(mkfifo(at(own), 0644), 0);
    cannot_be_used("not a regular file");
    make_folder("admin/vhost", 0777);
    make_file(own, "x", 1, 0644);
    cannot_be_used("its folder");
}

static int leave(void **state)
{
    /* A fixed argument list, and the folder is ours: the depth is known. */
    static const char *const files[] = {"admin/vhost/container.conf",
                                        "admin/vhost/db-container.conf",
                                        "admin/vhost",
                                        "admin",
                                        "shipped/vhost/container.conf",
                                        "shipped/vhost/db-container.conf",
                                        "shipped/vhost/webapp.conf",
                                        "shipped/vhost",
                                        "shipped",
                                        "secret/users",
                                        "secret",
                                        "link",
                                        "real/inner",
                                        "real",
                                        "own",
                                        "site/a/file",
                                        "site/a/b",
                                        "site/a",
                                        "site"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        remove(at(files[i]));
    return rmdir(top);
}

static int enter(void **state)
{
    return mkdtemp(top) != NULL ? chmod(top, 0755) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_to_be_served),
        cmocka_unit_test(folders_and_their_rights),
        cmocka_unit_test(the_class_of_bits_is_the_kernels),
        cmocka_unit_test(links_and_swappers),
        cmocka_unit_test(password_files),
        cmocka_unit_test(web_users),
        cmocka_unit_test(the_effective_template),
        cmocka_unit_test(templates_that_cannot_be_used),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    return cmocka_run_group_tests_name("vhost_files", tests, enter, leave);
}
