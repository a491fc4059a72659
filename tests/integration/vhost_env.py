# SPDX-License-Identifier: Apache-2.0
"""httpd with conf/apphost.conf as shipped, and sets of virtual hosts as apphostd would swap them in. The
folder of an Httpd stands for StateDir."""
import os

from httpd_env import DOMAIN, ROOT


def shipped(server):
    with open(f"{ROOT}/conf/apphost.conf", encoding="utf-8") as f:
        return (f.read().replace("home.arpa", DOMAIN).replace("/var/lib/apphost", server.folder)
                .replace("*:80>", f"*:{server.port}>"))


def configure(server, before="", **more):
    """A site of the admin's first, then what we ship."""
    return server.configure(apphost="", vhosts=f"""{before}
<VirtualHost *:{server.port}>
ServerName default.invalid
</VirtualHost>
{shipped(server)}""", **more)


def enable(server, link="vhosts-enabled", **texts):
    """Makes the set of {_ID: text} and swaps the link to it. Returns the set's name."""
    sets = f"{server.folder}/vhosts-sets"
    os.makedirs(sets, exist_ok=True)
    number = 1 + max((int(n) for n in os.listdir(sets)), default=0)
    os.mkdir(f"{sets}/{number}")
    for app_id, text in texts.items():
        with open(f"{sets}/{number}/{int(app_id.strip('_')):05}.conf", "w", encoding="utf-8") as f:
            f.write(text)
    os.symlink(f"vhosts-sets/{number}", f"{server.folder}/new")
    os.rename(f"{server.folder}/new", f"{server.folder}/{link}")
    return str(number)


def vhost(server, name, inside="", aliases="", port=None):
    return f"""<VirtualHost *:{port or server.port}>
ServerName {name}.{DOMAIN}
{f"ServerAlias {aliases}" if aliases else ""}
{inside}
</VirtualHost>
"""


def in_the_manner_of_amahi(server, name, app_id, port):
    """The directives of Amahi's template for containers: the name without a domain comes first, and all is
    proxied by the virtual host itself."""
    site = f"{server.folder}/sites/{app_id}"
    return f"""<VirtualHost *:{server.port}>
ServerName {name}
ServerAlias {name}.{DOMAIN}
ProxyPreserveHost On
ProxyPass / http://localhost:{port}/
ProxyPassReverse / http://localhost:{port}/
ErrorLog {site}/logs/error_log
CustomLog {site}/logs/access_log "%h %t \\"%r\\" %>s" env=!dontlog
</VirtualHost>
"""


OWN_VHOST, FILES = 0x2, 0x4
