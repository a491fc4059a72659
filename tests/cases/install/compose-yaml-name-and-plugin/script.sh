mkdir data
cat <<'YAML' >compose.yaml
services:
  s:
    image: stand/plug:3
    ports:
    - "127.0.0.1:HOST_PORT:80"
    volumes:
    - ./data:/data:rw
    read_only: false
    tmpfs: /tmp
    init: yes
    user: "0:0"
    stop_grace_period: 5s
    ulimits: {nofile: {soft: 1024, hard: 2048}}
    depends_on: {t: {condition: service_started}}
  t:
    image: stand/plug:3
    expose: ["80"]
YAML
docker compose down
docker compose up -d
