# SPDX-License-Identifier: Apache-2.0
"""helper/httpd against a real httpd: names in use, a set that is taken over, and what is refused."""
import os
import re
import signal

import pytest

import backends
from httpd_env import DOMAIN, HTTPD
from reload_env import RESTARTED


def test_set_is_taken_over(sites):
    """Applied, changed, emptied: httpd serves each, the admin's site is never disturbed."""
    first = sites.apply({1: sites.vhost(1), 2: sites.vhost(2)})
    assert first.ok, first.error
    assert "reloaded=1" in first.said and "set=1" in first.said
    assert (sites.mark(1), sites.mark(2)) == ("1", "1")
    assert sites.probe()["set"] == "1"

    second = sites.apply({1: sites.vhost(1, mark="2")})
    assert second.ok, second.error
    assert sites.mark(1) == "2" and sites.mark(2) is None
    assert sites.leftovers() == []

    third = sites.apply({})
    assert third.ok, third.error
    assert sites.mark(1) is None and sites.enabled() == {}
    assert sites.blog() == b"the blog\n"


def test_nothing_to_do(sites):
    """No app needs one: nothing is written. The same set again: no reload."""
    assert "reloaded=0 coalesced=0" in sites.apply({}).said
    assert os.listdir(sites.state) == ["routes"]
    assert sites.apply({1: sites.vhost(1)}).ok
    generation = sites.probe()["generation"]
    again = sites.apply({1: sites.vhost(1)})
    assert "coalesced=1" in again.said and sites.probe()["generation"] == generation


def test_httpd_does_not_run(sites):
    """Checked and put in place; whoever starts httpd gets it."""
    sites.stop()
    answer = sites.apply({1: sites.vhost(1)})
    assert answer.ok and "not_running=1" in answer.said, answer.error
    refused = sites.apply({1: sites.vhost(1, extra="NoSuchDirective on")})
    assert not refused.ok and "NoSuchDirective" in refused.error
    sites.start()
    assert sites.mark(1) == "1" and sites.probe()["set"] == "1"
    assert sites.change("reload").ok


@pytest.mark.parametrize("extra, reason", [
    ("NoSuchDirective on", "NoSuchDirective"),
    ("CustomLog /nonexistent/of/apphost/log combined", "/nonexistent/of/apphost"),
    ("CustomLog /var/tmp/log combined", "not root's alone"),
    ('CustomLog "|/nonexistent/program" combined', "/nonexistent/program"),
    ("LoadModule evil_module /nonexistent/evil.so", "LoadModule"),
    ("Header set X-Twice", "Header"),
])
def test_broken_template(sites, extra, reason):
    """The error names app, file, line and template; nothing changed."""
    assert sites.apply({1: sites.vhost(1)}).ok
    before = sites.probe()
    answer = sites.apply({1: sites.vhost(1), 7: sites.vhost(7, extra=extra)})
    assert not answer.ok
    assert reason in answer.error and "app7" in answer.error
    assert f"{sites.state}/vhosts-available/00007.conf, line 6" in answer.error
    assert "/templates/vhost/container.conf" in answer.error
    after = sites.probe()
    assert (after["set"], after["generation"], after["parent"]) == \
        (before["set"], before["generation"], before["parent"])
    assert sites.leftovers() == [] and sites.mark(1) == "1"


def test_text_outside_of_a_vhost(sites):
    answer = sites.apply({1: f"Timeout 1\n{sites.vhost(1)}"})
    assert not answer.ok and "Timeout stands outside" in answer.error and "line 1" in answer.error


@pytest.mark.parametrize("line", ["LoadFile {}", "loadmodule evil_module {}", '"LoadFile" {}', "Load\\\nFile {}",
                                  "<IfModule !none>\n  LoadFile {}\n</IfModule>", "<Macro m>\nLoadFile {}\n</Macro>"])
def test_constructor_of_a_module_is_not_run(sites, tmp_path, line):
    """httpd runs what LoadModule names while it checks, as root: no program sees such a text."""
    source, library, trace = tmp_path / "evil.c", f"{sites.folder}/evil.so", f"{sites.folder}/ran"
    source.write_text('#include <fcntl.h>\n#include <unistd.h>\n__attribute__((constructor)) static void run'
                      f'(void) {{ close(open("{trace}", O_CREAT | O_WRONLY, 0600)); }}\n')
    assert os.system(f"cc -shared -fPIC -o {library} {source}") == 0
    answer = sites.apply({1: sites.vhost(1, extra=line.format(library))})
    assert not answer.ok and "has no place in an app's virtual host" in answer.error
    assert not os.path.exists(trace)


def test_skeleton_is_read_by_nobody(sites):
    """What is wrong is found by nobody before root's httpd reads it: a folder only root may enter is
    closed to it."""
    os.mkdir(f"{sites.folder}/private", 0o700)
    inner = sites.write("private/inner.conf", "NoSuchDirective\n")
    answer = sites.apply({1: sites.vhost(1, extra=f'Include "{inner}"')})
    assert not answer.ok and "Permission denied" in answer.error and "NoSuchDirective" not in answer.error


def test_key_that_only_root_may_see(sites):
    """Nobody cannot look at it, and need not."""
    with_tls(sites)
    certificate = backends.make_certificate(sites.folder)
    os.mkdir(f"{sites.folder}/private", 0o700)
    os.rename(certificate, f"{sites.folder}/private/key.pem")
    answer = sites.apply({1: sites.vhost(1, extra=f"""<IfModule ssl_module>
        SSLCertificateFile "{sites.folder}/private/key.pem"
    </IfModule>""")})
    assert answer.ok, answer.error
    missing = sites.apply({1: sites.vhost(1, extra=f'SSLCertificateFile "{sites.folder}/private/none"')})
    assert not missing.ok and f"{sites.folder}/private/none" in missing.error and "line 6" in missing.error


@pytest.mark.parametrize("text, place", [
    ("<VirtualHost *:81>\nNoSuchDirective\n</VirtualHost>\n", "line 2"),
    ("<VirtualHost *:81>\nServerName x\n", "line 1"),
    ("CustomLog /nonexistent/of/apphost/log combined\n", "line 1"),
    ("Include /nonexistent.conf\n", "line 1"),
])
def test_broken_site_of_the_admin(sites, text, place):
    """His file and line; what was serves on, for a set and for a reload."""
    assert sites.apply({1: sites.vhost(1)}).ok
    path = sites.write("sites/zz.conf", text)
    for answer in (sites.apply({1: sites.vhost(1, mark="2")}), sites.change("reload")):
        assert not answer.ok
        assert "httpd's own configuration is broken" in answer.error
        assert path in answer.error and place in answer.error
    assert sites.mark(1) == "1" and sites.blog() == b"the blog\n"
    assert sites.enabled() == {1: sites.vhost(1)}
    os.unlink(path)
    assert sites.apply({1: sites.vhost(1, mark="2")}).ok and sites.mark(1) == "2"


def test_reload_takes_the_admins_edit(sites):
    sites.site("new", "new.example", "new\n")
    assert "reloaded=1" in sites.change("reload").said
    assert sites.get("-", "/index.html", host="new.example").body == b"new\n"


def with_tls(sites):
    sites.stop()
    sites.announced += ["AH01882", "AH01873"]  # of mod_ssl itself: versions of libraries, no session cache
    sites.configure(children=8, threads=10, modules=("headers", "alias", "ssl", "socache_shmcb")).start()


def test_certificates(sites):
    """httpd looks at them when it has given up its old configuration: so we look before."""
    with_tls(sites)
    first, second = (backends.make_certificate(f"{sites.folder}/{name}") for name in ("www", "sites"))
    good = f'SSLEngine on\n    SSLCertificateFile "{first}"\n'
    pairs = [("SSLEngine on", "no SSLCertificateFile"),
             (f'{good}    SSLCertificateKeyFile "{second}"', "is not the one of the certificate"),
             (f'SSLEngine on\n    SSLCertificateFile "{sites.settings}"', "has no certificate")]
    for extra, reason in pairs:
        answer = sites.apply({1: sites.vhost(1, extra=extra)})
        assert not answer.ok and reason in answer.error and "line 1" in answer.error and "app1" in answer.error
        path = sites.site("zz", "tls.example", extra=extra)
        answer = sites.change("reload")
        assert not answer.ok and reason in answer.error and f"{path}, line 1" in answer.error
        os.unlink(path)
    assert sites.blog() == b"the blog\n"
    sites.site("zz", "tls.example", extra="")
    assert sites.apply({1: sites.vhost(1, extra=good).replace(str(sites.port), "443", 1)}).ok


def test_what_no_check_sees(sites):
    """httpd ends while it restarts: the old set is back, and httpd is started again."""
    with_tls(sites)
    sites.announced += [RESTARTED, "AH01.*", "AH02.*", "AH00020", "AH00016", "AH00094"]
    assert sites.apply({1: sites.vhost(1)}).ok
    first = sites.pid()
    extra = "SSLEngine on\n    IncludeOptional /nonexistent/*.conf"
    answer = sites.apply({1: sites.vhost(1, mark="2", extra=extra)})
    assert not answer.ok and "unhealthy" in answer.error
    assert "started again" in answer.error and "mod_ssl" in answer.error
    assert sites.pid() != first and sites.mark(1) == "1" and sites.blog() == b"the blog\n"
    assert sites.enabled() == {1: sites.vhost(1)} and sites.leftovers() == []
    assert sites.apply({1: sites.vhost(1, mark="3")}).ok and sites.mark(1) == "3"


def test_httpd_does_not_react(sites):
    """The old set is back; when httpd comes to itself it reads that."""
    assert sites.apply({1: sites.vhost(1)}).ok
    os.kill(sites.pid(), signal.SIGSTOP)
    answer = sites.apply({1: sites.vhost(1, mark="2")}, PROOF_MS="1000")
    os.kill(sites.pid(), signal.SIGCONT)
    assert not answer.ok and "did not show its new configuration" in answer.error
    assert sites.enabled() == {1: sites.vhost(1)} and sites.leftovers() == []
    answer = sites.apply({1: sites.vhost(1, mark="3")})
    assert answer.ok and sites.mark(1) == "3", answer.error


def test_edited_between_check_and_signal(sites):
    """The admin saves a broken site while the last check runs: that is seen, and httpd is not signalled."""
    assert sites.apply({1: sites.vhost(1)}).ok
    program = sites.write("ctl", f"""#!/bin/sh
{HTTPD} -f {sites.folder}/httpd.conf "$@"
ended=$?
if test "$*" = "-t -D DUMP_INCLUDES"; then
    echo x >> {sites.folder}/checks
    if test "$(wc -l < {sites.folder}/checks)" = 2; then echo NoSuchDirective > {sites.folder}/sites/zz.conf; fi
fi
exit $ended
""")
    os.chmod(program, 0o755)
    text = open(sites.settings, encoding="utf-8").read()
    sites.write("apphostd.conf", re.sub("Command = .*", f"Command = {program}", text))
    before = sites.probe()
    answer = sites.apply({1: sites.vhost(1, mark="2")})
    assert not answer.ok and f"{sites.folder}/sites/zz.conf, line 1" in answer.error, answer.error
    after = sites.probe()
    assert (after["generation"], after["parent"]) == (before["generation"], before["parent"])
    assert sites.enabled() == {1: sites.vhost(1)} and sites.leftovers() == []


def test_httpd_does_not_include_us(sites):
    """A check that never sees our files would find everything in order."""
    text = open(f"{sites.folder}/httpd.conf", encoding="utf-8").read()
    sites.write("httpd.conf", text.replace("vhosts-candidate/*.conf", "vhosts-candidate/*.none"))
    answer = sites.apply({1: sites.vhost(1)})
    assert not answer.ok and f"does not include {sites.state}/vhosts-candidate/*.conf" in answer.error
    sites.write("httpd.conf", text.replace("vhosts-enabled/*.conf", "vhosts-enabled/*.none"))
    answer = sites.apply({1: sites.vhost(1)})
    assert not answer.ok and f"does not include {sites.state}/vhosts-enabled/*.conf" in answer.error
    assert sites.enabled() == {}


@pytest.mark.parametrize("address", ["127.0.0.1:80", "blog.example:80", "*:80 [::1]:80", "80"])
def test_address_of_its_own(sites, address):
    """It would come before the admin's sites there, whatever their names."""
    answer = sites.apply({1: sites.vhost(1).replace(f"*:{sites.port}", address, 1)})
    assert not answer.ok and "stands on the address" in answer.error and "line 1" in answer.error


def test_names_in_use(sites):
    """Every name of the admin's with its place, also aliases of a virtual host that is alone on its
    address; ours are not among them."""
    sites.write("sites/b.conf", f"""<VirtualHost *:8443>
    ServerName photos.example
    ServerAlias Album.{DOMAIN} *.wild.example p?.{DOMAIN}
</VirtualHost>
""")
    assert sites.apply({1: sites.vhost(1)}).ok
    names = sites.change("names").said
    assert f"photos.example *:8443 {sites.folder}/sites/b.conf:1\n" in names
    assert f"album.{DOMAIN} *:8443 {sites.folder}/sites/b.conf:1 alias\n" in names
    assert f"*.wild.example *:8443 {sites.folder}/sites/b.conf:1 alias wildcard\n" in names
    assert f"app1.{DOMAIN}" not in names and "invalid" not in names

    assert sites.change("free", f"app1.{DOMAIN}", f"new.{DOMAIN}").ok
    taken = sites.change("free", f"new.{DOMAIN}", f"album.{DOMAIN}")
    assert f"taken: album.{DOMAIN} is served by {sites.folder}/sites/b.conf:1 already" in taken.error
    assert "(as *.wild.example)" in sites.change("free", "x.wild.example").error
    assert f"(as p?.{DOMAIN})" in sites.change("free", f"pp.{DOMAIN}").error


def test_another_server_on_the_port(sites):
    """Who answers is no httpd with our routes: said with the cure, nothing is changed."""
    sites.stop()
    sites.configure(children=8, threads=10).write("httpd.conf", open(
        f"{sites.folder}/httpd.conf", encoding="utf-8").read().replace(
        f'AppHostRoutes "{sites.routes_path}"', f'AppHostRoutes "{sites.folder}/other"'))
    os.link(sites.routes_path, f"{sites.folder}/other.new")
    with open(f"{sites.folder}/other", "wb") as f:
        f.write(open(sites.routes_path, "rb").read())
    sites.start()
    answer = sites.apply({1: sites.vhost(1)})
    assert not answer.ok and f"set AppHostRoutes {sites.routes_path}" in answer.error
    assert sites.enabled() == {}

    sites.stop()
    text = open(f"{sites.folder}/httpd.conf", encoding="utf-8").read().replace("AppHost On", "AppHost Off")
    sites.write("httpd.conf", text)
    sites.start()
    answer = sites.apply({1: sites.vhost(1)})
    assert not answer.ok and f"AppHostDomain {DOMAIN}" in answer.error and sites.enabled() == {}
