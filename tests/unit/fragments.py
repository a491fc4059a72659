# SPDX-License-Identifier: Apache-2.0
"""Keys of a service, one case each: verdict, YAML below `services: {a: {image: demo:1, ...}}`, and what stands at the
top beside it. judge_corpus.py judges each in five spellings. And texts that are about the spelling itself."""

FRAGMENTS = [
    # --- rights
    ("deny", "cap_add: [sys_admin]"), ("deny", "cap_add: ['CAP_SYS_MODULE']"), ("deny", "cap_add: [' SYS_PTRACE ']"),
    ("deny", "cap_add: [cap_all]"), ("deny", "cap_add: [NET_ADMIN, SYS_RAWIO]"), ("deny", "cap_add: ['']"),
    ("deny", "cap_add: ['NET ADMIN']"), ("deny", "cap_add: [BPF]"), ("deny", "cap_add: [dac_read_search]"),
    ("ask", "cap_add: [cap_net_raw]"), ("ask", "cap_add: [IPC_LOCK, SYS_NICE]"), ("allow", "cap_add: [chown, CAP_KILL]"),
    ("allow", "cap_add: []"), ("allow", "cap_drop: [all]"), ("deny", "cap_drop: ['; rm']"),
    ("deny", "privileged: 'true'"), ("deny", "privileged: 1"), ("deny", "privileged: maybe"), ("allow", "privileged: off"),
    ("deny", "security_opt: ['apparmor=unconfined']"), ("deny", "security_opt: ['seccomp=./profile.json']"),
    ("deny", "security_opt: ['systempaths=unconfined']"), ("deny", "security_opt: ['label=type:container_runtime_t']"),
    ("allow", "security_opt: ['no-new-privileges']"), ("deny", "security_opt: ['NO-NEW-PRIVILEGES:FALSE']"),
    ("deny", "userns_mode: ''"), ("deny", "userns_mode: keep-id"), ("deny", "pid: host"), ("deny", "pid: 'service:a'"),
    ("deny", "ipc: 'container:x'"), ("deny", "ipc: 'service:b'"), ("allow", "ipc: private"), ("allow", "ipc: shareable"),
    ("deny", "cgroup: private"), ("deny", "cgroup_parent: ''"), ("deny", "runtime: runc"), ("deny", "uts: host"),
    ("ask", "group_add: [video]"), ("deny", "group_add: ['a b']"), ("deny", "device_cgroup_rules: ['c 1:3 mr']"),
    ("deny", "oom_kill_disable: false"), ("deny", "oom_score_adj: -500"), ("allow", "oom_score_adj: 500"),
    # --- devices
    ("ask", "devices: ['/dev/ttyUSB0:/dev/ttyUSB0:rw']"), ("ask", "devices: [/dev/dri/renderD128]"),
    ("ask", "devices: [{source: /dev/snd, target: /dev/snd, permissions: rw}]"), ("ask", "devices: ['nvidia.com/gpu=all']"),
    ("deny", "devices: [{source: /dev/sda, target: /dev/xvda}]"), ("deny", "devices: [{target: /dev/snd}]"),
    ("deny", "devices: ['/dev/ttyUSB*']"), ("deny", "devices: ['/dev/ttyUSB0/../sda']"), ("deny", "devices: [/dev]"),
    ("deny", "devices: ['/dev/kvm:/dev/kvm']"), ("deny", "devices: ['/dev/dri:/etc']"), ("deny", "devices: [/dev/mem]"),
    ("deny", "devices: ['/dev/dri:/dev/dri:x']"), ("deny", "devices: ['/dev//dri']"), ("deny", "devices: [{a: b}]"),
    ("ask", "deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu]}]}}}"),
    ("deny", "deploy: {resources: {reservations: {devices: [{driver: evil, count: 1, capabilities: [gpu]}]}}}"),
    ("deny", "deploy: {resources: {reservations: {devices: [{capabilities: [gpu], options: {a: b}}]}}}"),
    ("ask", "deploy: {resources: {reservations: {generic_resources: [{discrete_resource_spec: {kind: gpu, value: 2}}]}}}"),
    ("ask", "gpus: [{driver: nvidia, count: 2}]"), ("ask", "gpus: 1"), ("deny", "gpus: some"),
    # --- kernel settings
    ("ask", "sysctls: {net.ipv4.ip_forward: '1'}"), ("allow", "sysctls: {net.core.somaxconn: 1024}"),
    ("deny", "sysctls: ['kernel.core_pattern=|/bin/sh']"), ("deny", "sysctls: {kernel.msgmax: 65536}"),
    ("deny", "sysctls: {'net.ipv4/../../kernel/x': 1}"), ("deny", "sysctls: {vm.overcommit_memory: 1}"),
    ("deny", "sysctls: {fs.mqueue.msg_max: 1}"), ("deny", "sysctls: [net.core.somaxconn]"),
    # --- mounts
    ("deny", "volumes: ['/var/lib/docker:/x']"), ("deny", "volumes: ['/etc:/x:ro']"), ("deny", "volumes: ['~/x:/x']"),
    ("deny", "volumes: ['//var/run/docker.sock:/s']"), ("deny", "volumes: ['/run/../run/docker.sock:/s']"),
    ("deny", "volumes: ['./x:/proc/sys']"), ("deny", "volumes: ['./x:/sys/fs']"), ("deny", "volumes: ['./x:/']"),
    ("deny", "volumes: ['./x:relative']"), ("deny", "volumes: ['./x:/a/../proc']"), ("deny", "volumes: ['./:/x']"),
    ("deny", "volumes: ['./a/..:/x']"), ("deny", "volumes: ['.apphost/x:/x']"), ("deny", "volumes: ['./.apphost:/x']"),
    ("deny", "volumes: ['./x:/x:rslave']"), ("deny", "volumes: ['./x:/x:U']"), ("rewrite", "volumes: ['./x:/x:ro,z']"),
    ("rewrite", "volumes: ['./x:/x:rw']"), ("allow", "volumes: [/data]"), ("allow", "volumes: [{type: volume, target: /d}]"),
    ("allow", "volumes: ['/etc/timezone:/etc/timezone:ro']"), ("deny", "volumes: ['/etc/hosts:/etc/hosts:ro']"),
    ("allow", "volumes: [{type: tmpfs, target: /t, tmpfs: {size: 64m, mode: 1777}}]"),
    ("rewrite", "volumes: [{type: tmpfs, target: /t, tmpfs: {size: 10g}}]"),
    ("deny", "volumes: [{type: bind, source: ./d, target: /d, tmpfs: {size: 1m}}]"),
    ("deny", "volumes: [{type: cluster, source: x, target: /x}]"), ("deny", "volumes: [{type: bind, target: /x}]"),
    ("deny", "volumes: [{type: bind, source: ./d, target: /d, bind: {recursive: enabled}}]"),
    ("deny", "volumes: [{type: bind, source: ./d, target: /d, bind: {future: 1}}]"),
    ("rewrite", "volumes: [{type: bind, source: ./d, target: /d, bind: {propagation: rprivate, create_host_path: true}}]"),
    ("rewrite", "volumes: [{type: volume, source: v, target: /d, volume: {labels: {a: b}, nocopy: true}}]"),
    ("ask", "volumes: [{type: image, source: 'other:1', target: /x, image: {subpath: a/b}}]"),
    ("deny", "volumes: [{type: image, source: 'other:1', target: /x, image: {subpath: ../b}}]"),
    ("deny", "volumes: [{type: bind, source: ./d, target: /d, future: 1}]"), ("deny", "volumes: {a: b}"),
    ("allow", "tmpfs: /run"), ("allow", "tmpfs: ['/run:size=64m,mode=755,noexec']"), ("deny", "tmpfs: ['/proc']"),
    ("deny", "tmpfs: ['/run:mpol=bind']"), ("rewrite", "tmpfs: ['/run:size=1t']"), ("rewrite", "tmpfs: ['/run:suid']"),
    # what one store writes beside the keys of compose: the text of a file to mount, and what is a folder
    ("rewrite", "volumes: [{type: bind, source: ./f, target: /f, content: 'a $b ${c} $$ d'}]"),
    ("rewrite", "volumes: [{type: bind, source: conf/f.sh, target: /f.sh, read_only: true, content: hello, is_directory: false}]"),
    ("rewrite", "volumes: [{type: bind, source: ./f, target: /f, content: x}, {type: bind, source: ./f, target: /g, content: x}]"),
    ("deny", "volumes: [{type: bind, source: ./f, target: /f, content: x}, {type: bind, source: ./f, target: /g, content: y}]"),
    ("deny", "volumes: [{type: bind, source: /etc/cron.d/x, target: /f, content: x}]"),
    ("deny", "volumes: [{type: bind, source: /etc/localtime, target: /f, read_only: true, content: x}]"),
    ("deny", "volumes: [{type: bind, source: ../f, target: /f, content: x}]"),
    ("deny", "volumes: [{type: bind, source: ./.apphost/f, target: /f, content: x}]"),
    ("deny", "volumes: [{type: bind, source: './$f', target: /f, content: x}]"),
    ("deny", "volumes: [{type: bind, source: ./d, target: /d}, {type: bind, source: ./d/f, target: /f, content: x}]"),
    ("deny", "volumes: [{type: bind, source: ./f, target: /proc/f, content: x}]"),
    ("deny", "volumes: [{type: volume, source: v, target: /f, content: x}]"),
    ("deny", "volumes: [{type: tmpfs, target: /f, content: x}]"), ("deny", "volumes: [{type: bind, source: ./f, target: /f, content: [x]}]"),
    ("deny", "ports: [{target: 80, published: 9000, content: x}]"), ("deny", "volumes: [{type: bind, source: ./f, target: /f, contents: x}]"),
    ("rewrite", "volumes: [{type: bind, source: ./d, target: /d, is_directory: true}]"),
    ("allow", "volumes: [{type: volume, target: /d, isDirectory: true}]"),
    ("deny", "volumes: [{type: bind, source: ./d, target: /d, is_directory: false}]"),
    ("deny", "volumes: [{type: bind, source: ./d, target: /d, is_directory: maybe}]"),
    ("deny", "volumes: [{type: bind, source: ./d, target: /d, is_directory: true, content: x}]"),
    ("rewrite", "volumes: ['data/config:/x']"), ("deny", "volumes: ['data/../../x:/x']"), ("deny", "volumes: ['.apphost/../x:/x']"),
    ("deny", "volumes: [{type: volume, source: data/config, target: /x}]"),
    ("deny", "volumes: [{type: volume, source: /etc, target: /x}]"),
    ("deny", "volumes_from: [b]"), ("deny", "storage_opt: {size: 1G}"),
    ("ask", "volumes: ['v:/v']", "volumes: {v: {driver_opts: {type: nfs4, o: 'addr=10.0.0.2,ro,nfsvers=4', device: ':/x'}}}"),
    ("deny", "volumes: ['v:/v']", "volumes: {v: {driver_opts: {type: cifs, o: 'user=a', device: //h/s}}}"),
    ("deny", "volumes: ['v:/v']", "volumes: {v: {driver_opts: {type: tmpfs, device: tmpfs, o: size=9g}}}"),
    ("deny", "volumes: ['v:/v']", "volumes: {v: {external: {name: other}}}"),
    ("rewrite", "volumes: ['v:/v']", "volumes: {v: {name: other_v}}"),
    # --- configs, secrets, files
    ("allow", "secrets: [s]", "secrets: {s: {content: x}}"), ("rewrite", "secrets: [s]", "secrets: {s: {file: ./s.txt}}"),
    ("deny", "secrets: [s]", "secrets: {s: {file: /etc/shadow}}"), ("deny", "secrets: [s]", "secrets: {s: {environment: HOME}}"),
    ("deny", "secrets: [s]", "secrets: {s: {file: ./s, driver: x}}"), ("deny", "secrets: [t]", "secrets: {s: {content: x}}"),
    ("deny", "configs: [c]", "configs: {c: {content: x, template_driver: golang}}"),
    ("deny", "configs: [{source: c, target: /proc/x}]", "configs: {c: {content: x}}"),
    ("rewrite", "configs: [{source: c, target: /x, mode: 0440}]", "configs: {c: {content: x}}"),
    ("deny", "configs: [{source: c, target: /x, mode: 4755}]", "configs: {c: {content: x}}"),
    ("deny", "configs: [{source: c, future: x}]", "configs: {c: {content: x}}"),
    ("deny", "env_file: [../x.env]"), ("deny", "env_file: [{path: /etc/os-release, required: false}]"),
    ("deny", "env_file: [{path: a.env, format: raw}]"), ("rewrite", "env_file: [{path: a.env, required: false}]"),
    # --- the network
    ("deny", "network_mode: Host"), ("deny", "network_mode: 'service:nobody'"), ("deny", "network_mode: 'ns:/proc/1/ns/net'"),
    ("ask", "extra_hosts: {host.docker.internal: host-gateway}"), ("ask", "extra_hosts: ['gw=host-gateway']"),
    ("allow", "extra_hosts: ['db:10.1.2.3']"), ("allow", "extra_hosts: {db: [10.1.2.3, '::1']}"),
    ("deny", "extra_hosts: ['db']"), ("deny", "extra_hosts: ['db:nowhere']"), ("deny", "extra_hosts: ['a b:10.1.2.3']"),
    ("ask", "ports: ['8000-8003:8000-8003/udp']"), ("deny", "ports: ['80:80']"), ("deny", "ports: ['53:53/udp']"),
    ("deny", "ports: ['35002-35004:80-82']"), ("deny", "ports: ['34999-35001:1-3']"), ("ask", "ports: ['[::]:9000:9000']"),
    ("ask", "ports: ['127.0.0.1:9000:9000/tcp']"), ("deny", "ports: ['192.168.1.5:9000:9000']"), ("deny", "ports: ['9000:80/sctp']"),
    ("deny", "ports: ['65536:80']"), ("deny", "ports: ['9000:0']"), ("deny", "ports: ['9000:80:90:10']"), ("rewrite", "ports: [8080]"),
    ("ask", "ports: [{target: 80, published: '9000', protocol: tcp, mode: host, name: web, app_protocol: http}]"),
    ("deny", "ports: [{target: 80, published: 9000, future: 1}]"), ("deny", "ports: [[80, 90]]"), ("deny", "ports: ['-80:80']"),
    ("deny", "networks: {n: {ipv6_address: '::1'}}", "networks: {n: }"), ("deny", "networks: {n: {mac_address: '02:00:00:00:00:01'}}", "networks: {n: }"),
    ("deny", "networks: {n: {driver_opts: {com.docker.network.endpoint.sysctls: net.x=1}}}", "networks: {n: }"),
    ("allow", "networks: {n: {aliases: [db], priority: 10}}", "networks: {n: {driver: bridge}}"),
    ("deny", "networks: [n]", "networks: {n: {driver: host}}"), ("deny", "networks: [n]", "networks: {n: {driver: overlay}}"),
    ("deny", "networks: [n]", "networks: {n: {ipam: {driver: dhcp}}}"), ("deny", "networks: [n]", "networks: {n: {driver_opts: {parent: eth0}}}"),
    ("allow", "networks: [n]", "networks: {n: {ipam: {driver: default}}}"), ("rewrite", "networks: [n]", "networks: {n: {external: true}}"),
    ("allow", "dns: 9.9.9.9"), ("deny", "dns: [evil.example]"), ("deny", "mac_address: '02:42:ac:11:00:02'"), ("deny", "expose: [99999]"),
    # --- limits and life
    ("allow", "mem_limit: 512m"), ("allow", "mem_limit: 1.5gb"), ("allow", "mem_limit: 536870912"), ("deny", "mem_limit: -1"),
    ("deny", "mem_limit: 0"), ("deny", "mem_limit: 1k"), ("deny", "mem_limit: lots"), ("deny", "memswap_limit: -1"),
    ("deny", "mem_swappiness: 0"), ("deny", "cpu_rt_runtime: 95000"), ("allow", "cpu_quota: 50000"), ("allow", "cpu_quota: -1"),
    ("deny", "cpu_quota: 1"), ("deny", "cpus: 0"), ("deny", "cpuset: 'a'"), ("deny", "blkio_config: {weight: 10}"),
    ("allow", "ulimits: {nofile: {soft: 1024, hard: 4096}}"), ("rewrite", "ulimits: {nproc: -1}"), ("deny", "ulimits: {rtprio: 99}"),
    ("deny", "ulimits: {nofile: {soft: 1, firm: 2}}"), ("rewrite", "shm_size: 2gb"), ("deny", "shm_size: -1"),
    ("allow", "healthcheck: {test: [NONE]}"), ("allow", "healthcheck: {disable: true}"), ("deny", "healthcheck: {test: [EXEC, x]}"),
    ("allow", "healthcheck: {test: curl -f http://127.0.0.1/, interval: 1m30s, retries: 3, start_period: 10s}"),
    ("rewrite", "healthcheck: {test: [CMD, x], start_interval: 5s}"), ("deny", "healthcheck: {interval: soon}"),
    ("deny", "healthcheck: {future: 1}"), ("allow", "healthcheck: {x-note: 1, test: [CMD, x]}"), ("deny", "healthcheck: yes"),
    ("rewrite", "deploy: {mode: global, replicas: 5}"), ("allow", "deploy: {replicas: 1}"), ("deny", "deploy: {future: 1}"),
    ("rewrite", "deploy: {restart_policy: {condition: any}, placement: {constraints: [a==b]}}"),
    ("allow", "deploy: {resources: {limits: {memory: 64M, cpus: '0.5', pids: 10}}}"), ("rewrite", "deploy: {labels: {a: b}}"),
    ("rewrite", "stop_grace_period: 1h"), ("rewrite", "restart: on-failure:100"), ("deny", "restart: sometimes"),
    ("deny", "stop_signal: '9; x'"), ("deny", "working_dir: /dev/shm"), ("deny", "user: '0:0:0'"), ("deny", "platform: windows/amd64"),
    # --- labels, names, hooks, the rest
    ("rewrite", "labels: ['com.centurylinklabs.watchtower.enable=true']"), ("rewrite", "labels: {io.podman.x: y}"), ("rewrite", "labels: {Traefik.Enable: 'true'}"),
    ("rewrite", "labels: {org.apphost.app: '1'}"), ("allow", "labels: {my.label: hello}"), ("deny", "labels: {'a b': c}"),
    ("rewrite", "container_name: '../x'"), ("deny", "hostname: 'a b'"), ("deny", "annotations: {run.oci.hooks: x}"),
    ("deny", "post_start: [{command: x}]"), ("deny", "develop: {watch: []}"), ("deny", "provider: {type: x}"), ("deny", "models: [m]"),
    ("deny", "build: ."), ("deny", "extends: b"), ("deny", "label_file: ./x"), ("deny", "profiles: [x]"), ("deny", "use_api_socket: false"),
    ("deny", "depends_on: [nobody]"), ("deny", "depends_on: {a: {condition: service_started}}"), ("allow", "attach: false"),
    ("rewrite", "pull_policy: daily"), ("rewrite", "pull_refresh_after: 24h"), ("rewrite", "logging: {driver: none}"),
    ("deny", "environment: ['A=${B}']"), ("deny", "environment: {A: $B}"), ("deny", "command: echo ${X:-y}"),
    ("deny", "image: '${X:-demo:1}'"), ("allow", "environment: {A: $$B}"), ("deny", "environment: {'A B': c}"),
    ("allow", "environment: {A: ''}"), ("deny", "Privileged: true"), ("deny", "'privileged ': true"),
    ("rewrite", "volumes: [./x:/x]", "x-note: {privileged: true}"), ("deny", "init: true", "include: [x.yml]"),
    ("deny", "init: true", "models: {m: {model: x}}"), ("rewrite", "init: true", "name: other"), ("deny", "init: true", "brand_new: 1"),
]

ONE = "services: {web: {image: 'd:1'%s}%s}%s"
PROXY = ", app_proxy: {environment: {APP_HOST: shop_web_1, APP_PORT: 80, PROXY_AUTH_ADD: 'false'}}"
FIXED = ", networks: {default: {ipv4_address: 10.21.0.5}}"
NOTES = "\nx-casaos: {main: web, port_map: '%s', title: {en_us: Costs $5}}"

# Verdict, and a whole file: services that mean something to a store, and its notes.
FILES = [
    ("rewrite", ONE % ("", PROXY, "")), ("rewrite", ONE % ("", PROXY + ", db: {image: 'd:1'}", "")),
    ("rewrite", ONE % ("", PROXY.replace("shop_web_1", "nobody"), "")),
    ("rewrite", ONE % ("", PROXY.replace("80", "http"), "")), ("rewrite", ONE % (", ports: ['8094:80']", PROXY, "")),
    ("ask", ONE % (", ports: ['2224:22']", PROXY, "")), ("ask", ONE % (", ports: ['8094:80/udp']", PROXY, "")),
    ("ask", ONE % (", cap_add: [NET_ADMIN]", PROXY, "")), ("deny", ONE % (", privileged: true", PROXY, "")),
    ("deny", ONE % (", ports: ['443:80']", PROXY, "")), ("deny", ONE % (", network_mode: host", PROXY, "")),
    ("deny", ONE % (", depends_on: [app_proxy]", PROXY, "")), ("deny", ONE % (", links: [app_proxy]", PROXY, "")),
    ("deny", ONE % (", network_mode: 'service:app_proxy'", PROXY, "")),
    ("deny", ONE % ("", PROXY.replace("APP_HOST: shop_web_1", "APP_HOST: $HOME"), "")),
    ("deny", ONE % ("", ", app_proxy: {environment: [APP_HOST, APP_PORT=80]}", "")),
    ("deny", ONE % ("", ", app_proxy: {environment: {APP_PORT: 80}, privileged: true}", "")),
    ("deny", ONE % ("", ", app_proxy: {environment: {APP_PORT: 80}, network_mode: host}", "")),
    ("deny", ONE % ("", ", app_proxy: {environment: {APP_PORT: 80}, volumes: ['/:/x']}", "")),
    ("deny", ONE % ("", ", app_proxy: {environment: {APP_PORT: 80}, build: .}", "")),
    ("deny", ONE % ("", ", app_proxy: {environment: {APP_PORT: 80}, brand_new_key: 1}", "")),
    ("deny", "services: {'a b': {image: 'd:1'}" + PROXY + "}"), ("deny", ONE.replace("web", "we/b") % ("", PROXY, "")),
    ("deny", ONE % ("", ", app_proxy: {}", "")), ("deny", ONE % ("", ", proxy: {environment: {APP_PORT: 80}}", "")),
    ("allow", ONE % ("", ", app_proxy: {image: 'd:1', environment: {APP_PORT: 80}}", "")),
    ("rewrite", ONE % (FIXED, PROXY, "")), ("deny", ONE % (FIXED, "", "")),
    ("deny", ONE % (FIXED, PROXY, "\nnetworks: {default: {driver: bridge}}")),
    ("deny", ONE % (FIXED.replace("default", "lan"), PROXY, "\nnetworks: {lan: }")),
    ("deny", ONE % (FIXED.replace("ipv4_address: 10", "mac_address: 02"), PROXY, "")),
    ("rewrite", ONE % (", ports: ['8112:8112']", "", NOTES % 8112)), ("rewrite", ONE % (", ports: ['80:80']", "", NOTES % 80)),
    ("ask", ONE % (", ports: ['8112:8112']", "", NOTES % 8113)), ("ask", ONE % (", ports: ['2224:22']", "", NOTES % "${PORT}")),
    ("ask", ONE % (", ports: ['8112:8112', '2224:22']", "", NOTES % 8112)),
    ("ask", ONE % (", ports: ['2224:22/udp']", "", NOTES % 2224)), ("deny", ONE % (", ports: ['80:80/udp']", "", NOTES % 80)),
    ("deny", ONE % (", ports: ['80:80', 'HOST_PORT:90']", "", NOTES % 80)), ("deny", ONE % (", ports: ['79-80:79-80']", "", NOTES % 79)),
    ("deny", ONE % (", ports: ['192.168.1.5:80:80']", "", NOTES % 80)), ("deny", ONE % (", ports: ['443:443']", "", NOTES % 80)),
    ("deny", ONE % (", ports: ['80:80'], network_mode: host", "", NOTES % 80)), ("allow", ONE % ("", "", "\nx-casaos: [a]")),
    ("deny", ONE % (", privileged: true", "", NOTES % 80)),
]

SERVICE = "services:\n  a:\n    image: demo:1\n"


def nested(depth):
    """A file whose deepest value stands `depth` lists and maps deep: three of them are there anyway."""
    return f"services:\n  a:\n    image: demo:1\n    x-deep: {'[' * (depth - 3)}{']' * (depth - 3)}\n"


def counted(nodes):
    """A file of so many YAML nodes: four keys, three maps, an image, a list and its items."""
    return SERVICE + "    x-many: [" + ",".join(["x"] * (nodes - 9)) + "]\n"


def sized(octets):
    text = SERVICE + "# "
    return text + "x" * (octets - len(text) - 1) + "\n"


def scalar(octets):
    return SERVICE + "    command: " + "x" * octets + "\n"


# Name, verdict, text as it is: what is at the border passes, one more does not.
TEXTS = [
    ("1 MiB", "allow", sized(1048576)), ("1 MiB and one", "deny", sized(1048577)),
    ("10000 values", "allow", counted(10000)), ("10001 values", "deny", counted(10001)),
    ("depth 32", "allow", nested(32)), ("depth 33", "deny", nested(33)),
    ("64 KiB scalar", "allow", scalar(65536)), ("64 KiB scalar and one", "deny", scalar(65537)),
    ("61 services", "allow", "services: {" + ", ".join(f"s{i}: {{image: 'd:1'}}" for i in range(61)) + "}\n"),
    ("62 services", "deny", "services: {" + ", ".join(f"s{i}: {{image: 'd:1'}}" for i in range(62)) + "}\n"),
    ("CRLF", "allow", SERVICE.replace("\n", "\r\n")), ("lone CR", "deny", SERVICE.replace("\n", "\r")),
    ("blank before the colon", "allow", "services :\n  a :\n    image : demo:1\n"),
    ("no blank after the colon", "deny", "services:\n  a:\n    image:demo:1\n"),
    ("quoted keys", "deny", "\"services\":\n  'a':\n    \"image\": demo:1\n    \"privileged\": true\n"),
    ("escaped key", "deny", SERVICE + '    "\\x70rivileged": true\n'),
    ("key by code point", "deny", SERVICE + '    "\\u0070rivileged": "true"\n'),
    ("comment after a value", "deny", SERVICE + "    privileged: true # false\n"),
    ("comment that is none", "allow", SERVICE + "    command: a#b\n"),
    ("flow with a last comma", "allow", "{services: {a: {image: demo:1,},},}\n"),
    ("two commas", "deny", SERVICE + "    command: [a,,b]\n"),
    ("list in a list", "deny", SERVICE + "    command:\n    - - a\n"),
    ("block scalar", "allow", SERVICE + "    command: |2\n        a\n       b\n"),
    ("folded privileged", "deny", SERVICE + "    privileged: >-\n      true\n"),
    ("block list of options", "deny", SERVICE + "    security_opt:\n    - |-\n      seccomp=unconfined\n"),
    ("sexagesimal", "deny", SERVICE + "    ports:\n      - 22:22\n"), ("octal", "deny", SERVICE + "    mem_limit: 0o17\n"),
    ("null", "deny", SERVICE + "    environment:\n      A: ~\n"), ("nothing", "deny", SERVICE + "    environment: {A: }\n"),
    ("empty deploy", "allow", SERVICE + "    deploy:\n"), ("empty volume", "allow", SERVICE + "volumes: {v: }\n"),
    ("null where one value stands", "allow", SERVICE + "    command: ~\n    user: null\n    privileged: \n    restart: Null\n    hostname: ~\n"),
    ("nothing but a store's proxy", "deny", "services: {app_proxy: {environment: {APP_HOST: a_b_1, APP_PORT: 80}}}\n"),
    ("no image", "deny", "services:\n  a:\n    image: ~\n"), ("the word null", "deny", SERVICE + "    restart: 'null'\n"),
    ("infinity", "deny", SERVICE + "    cpus: .inf\n"),
    ("duplicate key, quoted once", "deny", SERVICE + "    init: true\n    'init': false\n"),
    ("duplicate service", "deny", SERVICE + "  a:\n    image: evil:1\n"),
    ("duplicate services", "deny", SERVICE + "services:\n  b:\n    image: evil:1\n"),
    ("merge key in quotes", "deny", SERVICE + "    '<<': {privileged: true}\n"),
    ("tag on a list", "deny", SERVICE + "    cap_add: !override [SYS_ADMIN]\n"), ("reset tag", "deny", SERVICE + "    read_only: !reset null\n"),
    ("anchor in a value", "deny", SERVICE + "    command: &a x\n"), ("document end", "deny", SERVICE + "...\nprivileged: true\n"),
    ("BOM", "deny", "\ufeff" + SERVICE), ("tab", "deny", SERVICE + "\tprivileged: true\n"), ("NEL", "deny", SERVICE + "    command: a\u0085b\n"),
    ("line separator", "deny", SERVICE + "    command: a\u2028    privileged: true\n"), ("NUL", "deny", SERVICE + "    command: a\0b\n"),
    ("place in a longer word", "allow", SERVICE + "    environment: {G: GHOST_PORT, D: DB_HOST_PORT, M: MY_APP_HOSTNAME_X}\n"),
    ("place in a key", "deny", SERVICE + "    HOST_PORT: 1\n"), ("place as a port", "allow", SERVICE + "    ports: ['127.0.0.1:HOST_PORT:80']\n"),
]
